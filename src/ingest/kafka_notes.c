#include "kafka_notes.h"

#include <ctype.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/monotonic.h"
#include "kafka_conf.h"
#include "kafka_refusal.h"

enum { SYSLOG_ERROR = 3 };
enum { WARNED_MAX = 64, TEXT_SIZE = 512, WHO_SIZE = 300 };

struct kafka_notes {
    char *brokers, *group;
    atomic_bool warns;
    atomic_bool group_refused;
    atomic_bool doubted; /* down_since_ms is of kafka_notes_doubt() */

    pthread_mutex_t lock; /* the rest is written by callbacks on any thread */
    char who[WHO_SIZE];   /* the broker is talking to, see kafka_refusal_who() */
    rd_kafka_resp_err_t refused;
    char refusal[TEXT_SIZE];
    char certificate[TEXT_SIZE]; /* what is wrong with the broker's, "": nothing */
    char reason[TEXT_SIZE];      /* why the last connection failed */
    int64_t down_since_ms;       /* 0: not all brokers are down */
    int64_t token_expires_ms;    /* since 1970; 0: has none */
    int64_t token_renewed_ms;    /* since 1970; 0: it is the first one */
    uint64_t warned[WARNED_MAX];
    int warned_count;
};

struct kafka_notes *kafka_notes_create(const rd_kafka_conf_t *conf)
{
    struct kafka_notes *notes = memory_zeroed(1, sizeof *notes);
    notes->brokers = kafka_conf_read(conf, "bootstrap.servers");
    notes->group = kafka_conf_read(conf, "group.id");
    kafka_refusal_who(conf, notes->who, sizeof notes->who);
    pthread_mutex_init(&notes->lock, NULL);
    return notes;
}

void kafka_notes_destroy(struct kafka_notes *notes)
{
    if (!notes)
        return;
    pthread_mutex_destroy(&notes->lock);
    free(notes->brokers);
    free(notes->group);
    free(notes);
}

/* Without the name of the thread, and of one of several connections to the same broker. */
static const char *plain_text(const char *line)
{
    static const char coordinator[] = "GroupCoordinator: ";
    const char *thread_end = line[0] == '[' ? strstr(line, "]: ") : NULL;
    const char *text = thread_end ? thread_end + 3 : line;
    bool named = strncmp(text, coordinator, sizeof coordinator - 1) == 0;
    return named ? text + sizeof coordinator - 1 : text;
}

/* The same trouble told again differs in ports, durations and counts. */
static uint64_t text_identity(const char *text)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    const char *end = strstr(text, " (after ");
    for (const char *c = text; *c && c != end; c++)
        if (!isdigit((unsigned char)*c))
            hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    return hash;
}

static bool is_new_text(struct kafka_notes *notes, const char *text)
{
    uint64_t identity = text_identity(text);
    for (int i = 0; i < notes->warned_count; i++)
        if (notes->warned[i] == identity)
            return false;
    if (notes->warned_count == WARNED_MAX)
        return false;
    notes->warned[notes->warned_count++] = identity;
    return true;
}

static void warn_once(struct kafka_notes *notes, const char *text)
{
    pthread_mutex_lock(&notes->lock);
    bool fresh = atomic_load(&notes->warns) && is_new_text(notes, text);
    pthread_mutex_unlock(&notes->lock);
    if (fresh)
        log_warn("kafka: %s", text);
    else
        log_debug("kafka: %s", text);
}

void kafka_notes_take_log(struct kafka_notes *notes, int level, const char *line)
{
    const char *text = plain_text(line);
    /* The likely cause of a connection that ends at once is told as a mere information. */
    if (level <= SYSLOG_ERROR || strstr(text, "security.protocol")) {
        pthread_mutex_lock(&notes->lock);
        snprintf(notes->reason, sizeof notes->reason, "%s", text);
        pthread_mutex_unlock(&notes->lock);
    }
    bool fatal = strncmp(text, "Fatal error: ", 13) == 0; /* the call that fails for it tells it */
    if (level <= SYSLOG_ERROR && !fatal)
        warn_once(notes, text);
    else
        log_debug("kafka: %s", text);
}

/* The group serves lag reports only: a run does not end for want of them. */
static void give_up_group(struct kafka_notes *notes)
{
    char who[WHO_SIZE];
    pthread_mutex_lock(&notes->lock);
    memcpy(who, notes->who, sizeof who);
    pthread_mutex_unlock(&notes->lock);
    if (!atomic_exchange(&notes->group_refused, true))
        log_warn("kafka: %s needs READ on group %s for reports of the run's lag; it goes on "
                 "without",
                 who, notes->group);
}

static void note_refusal(struct kafka_notes *notes, rd_kafka_resp_err_t code, const char *text)
{
    if (notes->refused != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    notes->refused = code;
    snprintf(notes->refusal, sizeof notes->refusal, "%s", text);
}

static int64_t wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void kafka_notes_take_token(struct kafka_notes *notes, const char *principal, int64_t expires_ms)
{
    pthread_mutex_lock(&notes->lock);
    notes->token_renewed_ms = notes->token_expires_ms ? wall_ms() : 0;
    notes->token_expires_ms = expires_ms;
    snprintf(notes->who, sizeof notes->who, "user %s (SASL OAUTHBEARER)", principal);
    pthread_mutex_unlock(&notes->lock);
}

/* While the token in hand is good, the next one may fail to come: librdkafka asks again every ten
 * seconds. What the broker says of one that has expired does not matter: the next is on its way, or
 * fails to come; or it has come while the broker was still answering to the one before. */
static bool can_go_on(const struct kafka_notes *notes, const char *text)
{
    enum { CLOCKS_MS = 2000, ANSWER_MS = 3000 };
    int64_t now_ms = wall_ms();
    bool good = now_ms + CLOCKS_MS < notes->token_expires_ms;
    bool fresh = now_ms < notes->token_renewed_ms + ANSWER_MS;
    if (strstr(text, "Failed to acquire SASL OAUTHBEARER token"))
        return good;
    return notes->token_expires_ms > 0 && (!good || fresh);
}

void kafka_notes_take_error(struct kafka_notes *notes, rd_kafka_resp_err_t code, const char *line)
{
    const char *text = plain_text(line);
    if (code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED)
        give_up_group(notes);
    if (code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED || code == RD_KAFKA_RESP_ERR__FATAL)
        return;
    pthread_mutex_lock(&notes->lock);
    bool refused = (kafka_status(code) == STATUS_REFUSED &&
                    (code != RD_KAFKA_RESP_ERR__AUTHENTICATION || !can_go_on(notes, text))) ||
                   kafka_refusal_alert(text);
    if (refused)
        note_refusal(notes, code, text);
    if (code ==
        RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) { /* told again only when one was up meanwhile */
        notes->down_since_ms = monotonic_ms();
        atomic_store(&notes->doubted, false);
    }
    pthread_mutex_unlock(&notes->lock);
    if (!refused)
        warn_once(notes, text);
}

/* librdkafka's own words for a bad certificate blame ssl.ca.location, whatever is wrong. */
int kafka_notes_take_certificate(struct kafka_notes *notes, const char *broker, int x509_error,
                                 char *why, size_t why_size)
{
    if (x509_error == 0)
        return 1;
    kafka_refusal_certificate(x509_error, broker, why, why_size);
    pthread_mutex_lock(&notes->lock);
    snprintf(notes->certificate, sizeof notes->certificate, "%s %s", broker, why);
    pthread_mutex_unlock(&notes->lock);
    return 0;
}

void kafka_notes_warn(struct kafka_notes *notes, bool warn)
{
    atomic_store(&notes->warns, warn);
}

static enum status tell_refusal(const struct kafka_notes *notes, struct error *err)
{
    const char *alert = kafka_refusal_alert(notes->refusal);
    if (notes->refused == RD_KAFKA_RESP_ERR__SSL && notes->certificate[0])
        return error_set(err, STATUS_REFUSED,
                         "the broker at %s is not to be trusted: the certificate of %s",
                         notes->brokers, notes->certificate);
    if (alert)
        return error_set(err, STATUS_REFUSED, "the broker at %s refused %s: it %s (%s)",
                         notes->brokers, notes->who, alert, notes->refusal);
    return error_set(err, STATUS_REFUSED, "the broker at %s refused %s: %s%s", notes->brokers,
                     notes->who, notes->refusal,
                     kafka_refusal_advice(notes->refused, notes->refusal, notes->who));
}

enum status kafka_notes_check(struct kafka_notes *notes, struct error *err)
{
    pthread_mutex_lock(&notes->lock);
    bool refused = notes->refused != RD_KAFKA_RESP_ERR_NO_ERROR;
    enum status status = refused ? tell_refusal(notes, err) : STATUS_OK;
    pthread_mutex_unlock(&notes->lock);
    return status;
}

int64_t kafka_notes_down_since_ms(struct kafka_notes *notes, char *reason, size_t size)
{
    pthread_mutex_lock(&notes->lock);
    int64_t since_ms = notes->down_since_ms;
    if (reason)
        snprintf(reason, size, "%s", notes->reason);
    pthread_mutex_unlock(&notes->lock);
    return since_ms;
}

void kafka_notes_doubt(struct kafka_notes *notes, int64_t silent_since_ms)
{
    pthread_mutex_lock(&notes->lock);
    bool news = notes->down_since_ms == 0;
    if (news) {
        notes->down_since_ms = silent_since_ms;
        atomic_store(&notes->doubted, true);
    }
    pthread_mutex_unlock(&notes->lock);
    if (news)
        warn_once(notes, "no broker answers");
}

static void set_up(struct kafka_notes *notes)
{
    notes->down_since_ms = 0;
    notes->warned_count = 0; /* the next outage is news again */
    atomic_store(&notes->doubted, false);
}

void kafka_notes_heard(struct kafka_notes *notes)
{
    if (!atomic_load_explicit(&notes->doubted, memory_order_relaxed))
        return;
    pthread_mutex_lock(&notes->lock);
    if (atomic_load(&notes->doubted))
        set_up(notes);
    pthread_mutex_unlock(&notes->lock);
}

void kafka_notes_up(struct kafka_notes *notes)
{
    pthread_mutex_lock(&notes->lock);
    set_up(notes);
    pthread_mutex_unlock(&notes->lock);
}

enum status kafka_notes_needs(struct kafka_notes *notes, rd_kafka_resp_err_t code,
                              const char *operation, const char *topic, struct error *err)
{
    pthread_mutex_lock(&notes->lock);
    enum status status = kafka_refusal_add(code, notes->who, operation, topic, err);
    pthread_mutex_unlock(&notes->lock);
    return status;
}

bool kafka_notes_may_commit(const struct kafka_notes *notes)
{
    return !atomic_load(&notes->group_refused);
}
