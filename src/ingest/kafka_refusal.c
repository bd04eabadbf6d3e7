#include "kafka_refusal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kafka_conf.h"

enum status kafka_status(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
    case RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE:
    case RD_KAFKA_RESP_ERR_SECURITY_DISABLED:
        return STATUS_REFUSED;
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
        return STATUS_UNREACHABLE;
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        return STATUS_NO_INPUT;
    case RD_KAFKA_RESP_ERR__BAD_MSG:
        return STATUS_BAD_DATA;
    default:
        return STATUS_IO;
    }
}

bool kafka_status_passes(rd_kafka_resp_err_t code)
{
    static const rd_kafka_resp_err_t passing[] = {
        RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH,
        RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH,
        RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
        RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
        RD_KAFKA_RESP_ERR_INVALID_MSG,
        RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED,
        RD_KAFKA_RESP_ERR__TRANSPORT,
    };
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
        if (code == passing[i])
            return true;
    return false;
}

static void describe_sasl(const rd_kafka_conf_t *conf, char *who, size_t size)
{
    char *mechanism = kafka_conf_read(conf, "sasl.mechanisms");
    char *name = kafka_conf_read(conf, "sasl.username");
    if (mechanism && strcmp(mechanism, "OAUTHBEARER") == 0)
        snprintf(who, size, "the holder of the token (SASL OAUTHBEARER)");
    else if (mechanism && strcmp(mechanism, "GSSAPI") == 0)
        snprintf(who, size, "the holder of the ticket (SASL GSSAPI)");
    else
        snprintf(who, size, "user %.150s (SASL %.60s)", name && *name ? name : "without a name",
                 mechanism ? mechanism : "without a mechanism");
    free(name);
    free(mechanism);
}

static void describe_certificate(const rd_kafka_conf_t *conf, char *who, size_t size)
{
    static const char *const places[] = {"ssl.certificate.location", "ssl.keystore.location"};
    snprintf(who, size, "a client without a certificate (TLS)");
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char *path = kafka_conf_read(conf, places[i]);
        if (path && *path)
            snprintf(who, size, "the holder of certificate %.200s (TLS)", path);
        free(path);
    }
    char *pem = kafka_conf_read(conf, "ssl.certificate.pem");
    if (pem && *pem)
        snprintf(who, size, "the holder of ssl.certificate.pem (TLS)");
    free(pem);
}

void kafka_refusal_who(const rd_kafka_conf_t *conf, char *who, size_t size)
{
    char *protocol = kafka_conf_read(conf, "security.protocol");
    if (protocol && strncmp(protocol, "sasl", 4) == 0)
        describe_sasl(conf, who, size);
    else if (protocol && strcmp(protocol, "ssl") == 0)
        describe_certificate(conf, who, size);
    else
        snprintf(who, size, "a client without a name (security.protocol %s)",
                 protocol ? protocol : "plaintext");
    free(protocol);
}

struct words {
    int number;
    const char *text;
};

static const char *find_words(const struct words *list, int number)
{
    for (; list->text; list++)
        if (list->number == number)
            return list->text;
    return NULL;
}

void kafka_refusal_certificate(int x509_error, const char *broker, char *text, size_t size)
{
    static const char unknown[] = "is signed by an authority that ssl.ca.location does not name";
    static const struct words known[] = {
        {2, unknown},        {9, "is not valid yet: is the clock right?"},
        {10, "has expired"}, {18, "is signed by itself, and not the one in ssl.ca.location"},
        {19, unknown},       {20, unknown},
        {21, unknown},       {23, "has been revoked"},
        {0, NULL},
    };
    enum { OTHER_HOST = 62, OTHER_ADDRESS = 64 };
    const char *words = find_words(known, x509_error), *port = strrchr(broker, ':');
    int name = (int)(port ? port - broker : 200);
    if (x509_error == OTHER_HOST || x509_error == OTHER_ADDRESS)
        snprintf(text, size, "is made out to another name than %.*s", name, broker);
    else if (words)
        snprintf(text, size, "%s", words);
    else
        snprintf(text, size, "is not valid (OpenSSL's verification error %d)", x509_error);
}

const char *kafka_refusal_alert(const char *text)
{
    static const char rejected[] = "does not accept the client's certificate "
                                   "(ssl.certificate.location)";
    static const char wanted[] = "wants a certificate of the client (ssl.certificate.location, "
                                 "ssl.key.location), and this one is missing or not accepted";
    static const struct words known[] = {
        {40, "has no way to encrypt in common with this client"},
        {42, wanted},
        {43, rejected},
        {44, "says that the client's certificate has been revoked"},
        {45, "says that the client's certificate has expired"},
        {46, wanted},
        {48, "does not know the authority that signed the client's certificate"},
        {49, rejected},
        {70, "has no version of TLS in common with this client"},
        {116, wanted},
        {0, NULL},
    };
    static const char mark[] = "SSL alert number ";
    const char *found = strstr(text, mark);
    return found ? find_words(known, atoi(found + sizeof mark - 1)) : NULL;
}

const char *kafka_refusal_advice(rd_kafka_resp_err_t code, const char *text, const char *who)
{
    if (code != RD_KAFKA_RESP_ERR__AUTHENTICATION)
        return "";
    if (strstr(text, "nsupported"))
        return "; set sasl.mechanism to one of those";
    /* https://github.com/confluentinc/librdkafka/pull/4895 */
    if (strstr(who, "SASL SCRAM") && rd_kafka_version() < 0x020601ff)
        return "; check sasl.username and sasl.password. A broker of Kafka 4 refuses any to this "
               "version of librdkafka: SCRAM wants 2.6.1 there";
    return strstr(who, "SASL OAUTHBEARER") ? "; it does not take this token"
                                           : "; check sasl.username and sasl.password";
}

enum status kafka_refusal_add(rd_kafka_resp_err_t code, const char *who, const char *operation,
                              const char *topic, struct error *err)
{
    enum status status = kafka_status(code);
    if (code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
        error_set(err, status, "%s; %s needs %s on topic %s", err->text, who, operation, topic);
    else if (code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED)
        error_set(
            err, status,
            "%s; %s needs %s on topic %s, and with brokers before 2.8 IDEMPOTENT_WRITE on the "
            "cluster",
            err->text, who, operation, topic);
    return status;
}
