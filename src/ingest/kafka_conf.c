#include "kafka_conf.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

static enum status set_property(rd_kafka_conf_t *conf, const char *name, const char *value,
                                struct error *err)
{
    char why[512];
    if (rd_kafka_conf_set(conf, name, value, why, sizeof why) != RD_KAFKA_CONF_OK)
        return error_set(err, STATUS_BAD_DECK, "Kafka property %s: %s", name, why);
    return STATUS_OK;
}

static enum status set_properties(rd_kafka_conf_t *conf, const struct kafka_property *property,
                                  struct error *err)
{
    for (; property && property->name; property++)
        TRY(set_property(conf, property->name, property->value, err));
    return STATUS_OK;
}

static const char *find_value(const struct kafka_property *property, const char *name)
{
    for (; property && property->name; property++)
        if (strcmp(property->name, name) == 0)
            return property->value;
    return NULL;
}

static enum status set_user_properties(rd_kafka_conf_t *conf, const struct kafka_config *config,
                                       const struct kafka_property *fixed, struct error *err)
{
    for (int i = 0; i < config->property_pairs; i++) {
        const char *name = config->properties[2 * i], *value = config->properties[2 * i + 1];
        const char *needed = find_value(fixed, name);
        if (!needed)
            TRY(set_property(conf, name, value, err));
        else if (strcmp(needed, value) != 0)
            log_warn("Kafka property %s stays %s: the run depends on it; %s is ignored", name,
                     needed, value);
    }
    return STATUS_OK;
}

/* Printed decks show a secret so. */
static enum status check_hidden(const struct kafka_config *config, struct error *err)
{
    for (int i = 0; i < config->property_pairs; i++)
        if (strcmp(config->properties[2 * i + 1], "***") == 0)
            return error_set(err, STATUS_BAD_DECK,
                             "Kafka property %s: *** is how a printed deck shows a secret: give "
                             "the secret itself",
                             config->properties[2 * i]);
    return STATUS_OK;
}

static bool has_value(const rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char *found = kafka_conf_read(conf, name);
    bool same = found && strcmp(found, value) == 0;
    free(found);
    return same;
}

/* librdkafka would wait for a token for ever. */
static enum status check_token(const rd_kafka_conf_t *conf, const struct kafka_config *config,
                               struct error *err)
{
    bool given = config->token_file || config->token_command;
    bool wanted = has_value(conf, "sasl.mechanisms", "OAUTHBEARER");
    bool by_itself = has_value(conf, "enable.sasl.oauthbearer.unsecure.jwt", "true") ||
                     has_value(conf, "sasl.oauthbearer.method", "oidc");
    if (given && !wanted)
        return error_set(err, STATUS_BAD_DECK,
                         "a token is given (%s), but sasl.mechanism is not OAUTHBEARER",
                         config->token_file ? config->token_file : "stream.oauth_token_command");
    if (wanted && !given && !by_itself)
        return error_set(err, STATUS_BAD_DECK,
                         "sasl.mechanism OAUTHBEARER needs stream.oauth_token_file or "
                         "stream.oauth_token_command");
    return STATUS_OK;
}

static enum status configure(rd_kafka_conf_t *conf, const struct kafka_setup *setup,
                             const struct kafka_config *config, struct error *err)
{
    TRY(set_property(conf, "client.id", "heatstream", err));
    TRY(set_property(conf, "reconnect.backoff.max.ms", "2000", err));
    TRY(set_properties(conf, setup->defaults, err));
    if (config->brokers)
        TRY(set_property(conf, "bootstrap.servers", config->brokers, err));
    TRY(check_hidden(config, err));
    TRY(set_user_properties(conf, config, setup->fixed, err));
    TRY(check_token(conf, config, err));
    return set_properties(conf, setup->fixed, err);
}

enum status kafka_conf_create(const struct kafka_setup *setup, const struct kafka_config *config,
                              rd_kafka_conf_t **conf, struct error *err)
{
    rd_kafka_conf_t *made = rd_kafka_conf_new();
    enum status status = configure(made, setup, config, err);
    if (status != STATUS_OK)
        rd_kafka_conf_destroy(made);
    else
        *conf = made;
    return status;
}

char *kafka_conf_read(const rd_kafka_conf_t *conf, const char *name)
{
    size_t size = 0;
    if (rd_kafka_conf_get(conf, name, NULL, &size) != RD_KAFKA_CONF_OK)
        return NULL;
    char *value = malloc(size);
    if (value)
        rd_kafka_conf_get(conf, name, value, &size);
    return value;
}

int64_t kafka_conf_number(const rd_kafka_conf_t *conf, const char *name)
{
    char *text = kafka_conf_read(conf, name);
    int64_t number = text ? atoll(text) : 0;
    free(text);
    return number;
}
