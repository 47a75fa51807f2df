/*
 * Opens a receiver, lets phones pair, and prints what happens.
 *
 *   cc events.c $(pkg-config --cflags --libs tandem) -o events
 *   ./events [CONTROLLER [SECONDS]]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tandem.h"

static int failed(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, tandem_last_error());
    return EXIT_FAILURE;
}

static void print(const tandem_event *event)
{
    uint64_t ticket;
    tandem_status result;

    switch (tandem_event_kind(event)) {
    case TANDEM_KIND_PHONE:
        printf("%9.3f  %s is %s\n", tandem_event_time(event), tandem_event_text(event, "phone"),
               tandem_event_text(event, "state"));
        break;
    case TANDEM_KIND_DONE:
        if (tandem_event_result(event, &ticket, &result) == TANDEM_STATUS_OK)
            printf("%9.3f  verb %" PRIu64 ": %s\n", tandem_event_time(event), ticket,
                   tandem_status_text(result));
        break;
    default: /* Other kinds, and those that a newer library has. */
        printf("%9.3f  %s\n", tandem_event_time(event), tandem_event_json(event));
    }
}

int main(int argc, char **argv)
{
    tandem_config *config = tandem_config_new();
    tandem_receiver *receiver = NULL;
    tandem_status status = TANDEM_STATUS_OK;
    uint64_t ticket = 0;
    time_t end = time(NULL) + (argc > 2 ? atoi(argv[2]) : 3600);

    if (tandem_config_set(config, "controller", argc > 1 ? argv[1] : "usb") != TANDEM_STATUS_OK)
        return failed("configuration");
    status = tandem_receiver_open(config, &receiver);
    tandem_config_free(config);
    if (status != TANDEM_STATUS_OK)
        return failed("open");

    if (tandem_receiver_pair(receiver, 60, &ticket) != TANDEM_STATUS_OK)
        return failed("pair");
    while (status != TANDEM_STATUS_CLOSED && time(NULL) < end) {
        tandem_event *event;
        tandem_receiver_wait(receiver, 500);
        while ((status = tandem_receiver_next(receiver, &event)) == TANDEM_STATUS_OK) {
            print(event);
            tandem_event_free(event);
        }
    }
    tandem_receiver_close(receiver);
    return EXIT_SUCCESS;
}
