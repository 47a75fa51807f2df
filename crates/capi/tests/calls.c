/*
 * Calls everything that tandem.h declares, rightly and wrongly. It is C99 and C++17 at once.
 * It ends with 1 and the line of the first thing that is not as it should be.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tandem.h"

#define CHECK(condition)                                                                      \
    do {                                                                                      \
        if (!(condition)) {                                                                   \
            fprintf(stderr, "line %d: %s (%s)\n", __LINE__, #condition, tandem_last_error()); \
            exit(1);                                                                          \
        }                                                                                     \
    } while (0)

static const char *const NOBODY = "00:00:00:00:00:99";

static void configurations(void)
{
    tandem_config *config = tandem_config_new();

    CHECK(config != NULL);
    CHECK(strlen(tandem_version()) > 0);
    CHECK(tandem_config_set(config, "seats", "3") == TANDEM_STATUS_OK);
    CHECK(tandem_config_set(config, "seats", "300") == TANDEM_STATUS_BAD_VALUE);
    CHECK(strstr(tandem_last_error(), "seats") != NULL);
    CHECK(tandem_config_set(config, "seets", "3") == TANDEM_STATUS_BAD_VALUE);
    CHECK(tandem_config_set(config, "name", "G\xFC") == TANDEM_STATUS_NOT_UTF8);
    CHECK(tandem_config_set(NULL, "seats", "3") == TANDEM_STATUS_BAD_POINTER);
    CHECK(tandem_config_set(config, NULL, "3") == TANDEM_STATUS_BAD_POINTER);
    CHECK(tandem_config_read(config, "/nowhere/tandem.toml") == TANDEM_STATUS_BAD_VALUE);
    CHECK(strstr(tandem_last_error(), "/nowhere/tandem.toml") != NULL);
    tandem_config_free(config);
    tandem_config_free(NULL);
}

static void nothing(void)
{
    tandem_receiver *receiver = NULL;
    tandem_event *event = NULL;
    uint64_t ticket = 7;

    CHECK(tandem_receiver_open(NULL, &receiver) == TANDEM_STATUS_BAD_POINTER);
    CHECK(tandem_receiver_fd(NULL) == -1);
    CHECK(tandem_receiver_next(NULL, &event) == TANDEM_STATUS_BAD_POINTER);
    CHECK(tandem_receiver_wait(NULL, 0) == TANDEM_STATUS_BAD_POINTER);
    CHECK(tandem_receiver_status(NULL, &event) == TANDEM_STATUS_BAD_POINTER);
    CHECK(tandem_receiver_pair(NULL, 60, &ticket) == TANDEM_STATUS_BAD_POINTER);
    CHECK(tandem_receiver_confirm(NULL, NOBODY, true, NULL, NULL) == TANDEM_STATUS_BAD_POINTER);
    CHECK(tandem_receiver_answer(NULL, NULL, NULL, 0, &ticket) == TANDEM_STATUS_BAD_POINTER);
    CHECK(tandem_receiver_mute(NULL, true, NULL) == TANDEM_STATUS_BAD_POINTER);
    CHECK(receiver == NULL && event == NULL && ticket == 7);
    tandem_receiver_close(NULL);
}

static void no_controller(void)
{
    tandem_config *config = tandem_config_new();
    tandem_receiver *receiver = NULL;

    CHECK(tandem_config_set(config, "sound", "null") == TANDEM_STATUS_OK);
    CHECK(tandem_config_set(config, "controller", "tcp:127.0.0.1:1") == TANDEM_STATUS_OK);
    CHECK(tandem_receiver_open(config, &receiver) == TANDEM_STATUS_NO_CONTROLLER);
    CHECK(receiver == NULL && strlen(tandem_last_error()) > 0);
    tandem_config_free(config);
}

/* The next event, waited for at most ten seconds; by poll and by the library's own wait. */
static tandem_event *next(tandem_receiver *receiver, bool by_poll)
{
    tandem_event *event = NULL;
    int round;

    for (round = 0; round < 100; round++) {
        tandem_status status = tandem_receiver_next(receiver, &event);
        if (status == TANDEM_STATUS_OK)
            return event;
        CHECK(status == TANDEM_STATUS_NOTHING);
        if (by_poll) {
            struct pollfd ready = {0, POLLIN, 0};
            ready.fd = tandem_receiver_fd(receiver);
            CHECK(poll(&ready, 1, 100) >= 0);
        } else {
            status = tandem_receiver_wait(receiver, 100);
            CHECK(status == TANDEM_STATUS_OK || status == TANDEM_STATUS_NOTHING);
        }
    }
    CHECK(!"an event in ten seconds");
    return NULL;
}

/* How the verb with this ticket ended. */
static tandem_status end_of(tandem_receiver *receiver, uint64_t ticket)
{
    for (;;) {
        tandem_event *event = next(receiver, ticket % 2 == 0);
        uint64_t of = 0;
        tandem_status result = TANDEM_STATUS_OK;
        bool found = tandem_event_result(event, &of, &result) == TANDEM_STATUS_OK && of == ticket;
        CHECK(found || of != ticket);
        tandem_event_free(event);
        if (found)
            return result;
    }
}

static void snapshot(const tandem_event *event, const char *name)
{
    size_t phones = 99;
    double value;

    CHECK(tandem_event_kind(event) == TANDEM_KIND_SNAPSHOT);
    CHECK(strcmp(tandem_event_text(event, "event"), "snapshot") == 0);
    CHECK(strcmp(tandem_event_text(event, "controller.state"), "up") == 0);
    CHECK(strcmp(tandem_event_text(event, "controller.name"), name) == 0);
    CHECK(tandem_event_count(event, "phones", &phones) == TANDEM_STATUS_OK && phones < 99);
    CHECK(tandem_event_number(event, "settings.seats", &value) == TANDEM_STATUS_OK);
    CHECK(value > 1.5 && value < 2.5);
    CHECK(tandem_event_number(event, "settings", &value) == TANDEM_STATUS_NO_SUCH_FIELD);
    CHECK(tandem_event_text(event, "settings.seats") == NULL);
    CHECK(tandem_event_json(event)[0] == '{');
}

/* Verbs about calls while no phone is connected: there is nothing that they could be for. */
static void calls(tandem_receiver *receiver)
{
    uint64_t ticket = 0;

#define ENDS(call, result)                        \
    do {                                          \
        CHECK((call) == TANDEM_STATUS_OK);        \
        CHECK(end_of(receiver, ticket) == result); \
    } while (0)

    ENDS(tandem_receiver_answer(receiver, NULL, NULL, 0, &ticket), TANDEM_STATUS_NOTHING_TO_ANSWER);
    ENDS(tandem_receiver_answer(receiver, "end", NULL, 1, &ticket), TANDEM_STATUS_NOTHING_TO_ANSWER);
    ENDS(tandem_receiver_answer(receiver, "hold", NOBODY, 0, &ticket), TANDEM_STATUS_NO_SUCH_PHONE);
    ENDS(tandem_receiver_reject(receiver, NULL, 0, &ticket), TANDEM_STATUS_NOTHING_TO_ANSWER);
    ENDS(tandem_receiver_hang_up(receiver, NULL, 0, &ticket), TANDEM_STATUS_NO_CALL);
    ENDS(tandem_receiver_hold(receiver, NULL, &ticket), TANDEM_STATUS_NO_CALL);
    ENDS(tandem_receiver_swap(receiver, &ticket), TANDEM_STATUS_NO_CALL);
    ENDS(tandem_receiver_merge(receiver, NULL, &ticket), TANDEM_STATUS_NO_CALL);
    ENDS(tandem_receiver_private(receiver, 1, NULL, &ticket), TANDEM_STATUS_NO_CALL);
    ENDS(tandem_receiver_transfer(receiver, NULL, &ticket), TANDEM_STATUS_NO_CALL);
    ENDS(tandem_receiver_voice(receiver, "phone", NULL, &ticket), TANDEM_STATUS_NO_CALL);
    ENDS(tandem_receiver_dial(receiver, "+4912", NULL, &ticket), TANDEM_STATUS_NOT_CONNECTED);
    ENDS(tandem_receiver_redial(receiver, NULL, &ticket), TANDEM_STATUS_NOT_CONNECTED);
    ENDS(tandem_receiver_tones(receiver, "1#", NULL, &ticket), TANDEM_STATUS_NO_CALL);
    ENDS(tandem_receiver_assistant(receiver, true, NULL, &ticket), TANDEM_STATUS_NOT_CONNECTED);
    ENDS(tandem_receiver_mute(receiver, true, &ticket), TANDEM_STATUS_OK);
    ENDS(tandem_receiver_battery(receiver, 80, &ticket), TANDEM_STATUS_OK);
    ENDS(tandem_receiver_battery(receiver, 101, &ticket), TANDEM_STATUS_BAD_VALUE);
    ENDS(tandem_receiver_volume(receiver, 50, "call", NULL, &ticket), TANDEM_STATUS_NOT_CONNECTED);

    /* What is no value is refused at once, with its name. */
    CHECK(tandem_receiver_answer(receiver, "maybe", NULL, 0, NULL) == TANDEM_STATUS_BAD_VALUE);
    CHECK(strstr(tandem_last_error(), "how: ") && strstr(tandem_last_error(), "hold, end"));
    CHECK(tandem_receiver_private(receiver, 0, NULL, NULL) == TANDEM_STATUS_BAD_VALUE);
    CHECK(tandem_receiver_voice(receiver, "away", NULL, NULL) == TANDEM_STATUS_BAD_VALUE);
    CHECK(tandem_receiver_voice(receiver, NULL, NULL, NULL) == TANDEM_STATUS_BAD_POINTER);
    CHECK(tandem_receiver_dial(receiver, "12;34", NULL, NULL) == TANDEM_STATUS_BAD_VALUE);
    CHECK(strstr(tandem_last_error(), "number: ") != NULL);
    CHECK(tandem_receiver_tones(receiver, "", NULL, NULL) == TANDEM_STATUS_BAD_VALUE);
    CHECK(strstr(tandem_last_error(), "digits: ") != NULL);
    CHECK(tandem_receiver_redial(receiver, "Nobody", NULL) == TANDEM_STATUS_NO_SUCH_PHONE);
}

static void receiver(void)
{
    tandem_config *config = tandem_config_new();
    tandem_receiver *receiver = NULL;
    tandem_event *event = NULL;
    uint64_t ticket = 0;
    uint32_t passkey = 123456;

    CHECK(tandem_config_set(config, "controller", "sim") == TANDEM_STATUS_OK);
    CHECK(tandem_config_set(config, "sound", "null") == TANDEM_STATUS_OK);
    CHECK(tandem_config_set(config, "name", "Kitchen") == TANDEM_STATUS_OK);
    CHECK(tandem_receiver_open(config, NULL) == TANDEM_STATUS_BAD_POINTER);
    CHECK(tandem_receiver_open(config, &receiver) == TANDEM_STATUS_OK);
    tandem_config_free(config);

    event = next(receiver, false);
    snapshot(event, "Kitchen");
    tandem_event_free(event);

    /* Before any phone may come. */
    calls(receiver);

    CHECK(tandem_receiver_pair(receiver, 60, &ticket) == TANDEM_STATUS_OK);
    CHECK(end_of(receiver, ticket) == TANDEM_STATUS_OK);
    CHECK(tandem_receiver_stop_pairing(receiver, &ticket) == TANDEM_STATUS_OK);
    CHECK(end_of(receiver, ticket) == TANDEM_STATUS_OK);
    CHECK(tandem_receiver_pair(receiver, 0, &ticket) == TANDEM_STATUS_OK);
    CHECK(end_of(receiver, ticket) == TANDEM_STATUS_BAD_VALUE);
    CHECK(tandem_receiver_pair(receiver, 60, NULL) == TANDEM_STATUS_OK);

    /* A name that nobody has is refused at once, an address when the verb ends. */
    CHECK(tandem_receiver_connect(receiver, "Nobody", &ticket) == TANDEM_STATUS_NO_SUCH_PHONE);
    CHECK(tandem_receiver_connect(receiver, NOBODY, &ticket) == TANDEM_STATUS_OK);
    CHECK(end_of(receiver, ticket) == TANDEM_STATUS_NO_SUCH_PHONE);
    CHECK(tandem_receiver_disconnect(receiver, NOBODY, &ticket) == TANDEM_STATUS_OK);
    CHECK(end_of(receiver, ticket) == TANDEM_STATUS_NO_SUCH_PHONE);
    CHECK(tandem_receiver_forget(receiver, NOBODY, &ticket) == TANDEM_STATUS_OK);
    CHECK(end_of(receiver, ticket) == TANDEM_STATUS_NO_SUCH_PHONE);
    CHECK(tandem_receiver_confirm(receiver, NOBODY, true, &passkey, &ticket) == TANDEM_STATUS_OK);
    CHECK(end_of(receiver, ticket) == TANDEM_STATUS_NO_SUCH_PHONE);
    CHECK(tandem_receiver_connect(receiver, NULL, &ticket) == TANDEM_STATUS_BAD_POINTER);

    CHECK(tandem_receiver_set(receiver, "name", "Den", NULL, &ticket) == TANDEM_STATUS_OK);
    CHECK(ticket != 0 && end_of(receiver, ticket) == TANDEM_STATUS_OK);
    CHECK(tandem_receiver_set(receiver, "seats", "77", NULL, NULL) == TANDEM_STATUS_BAD_VALUE);
    CHECK(tandem_receiver_set(receiver, "class", "car", NULL, NULL) == TANDEM_STATUS_BUSY);
    CHECK(tandem_receiver_status(receiver, &event) == TANDEM_STATUS_OK);
    snapshot(event, "Den");
    tandem_event_free(event);
    tandem_receiver_close(receiver);
}

int main(void)
{
    configurations();
    nothing();
    no_controller();
    receiver();
    return 0;
}
