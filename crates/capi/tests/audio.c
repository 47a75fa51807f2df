/*
 * Sound in the program's own hands, rightly and wrongly: the simulator's phones are heard, one of
 * them is spoken with, and echo is handed over. It is C99 and C++17 at once. It ends with 1 and the
 * line of the first thing that is not as it should be. With an argument it does not wait for the
 * phones.
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

enum { FRAMES = 480 };

/* What the canceller was given; it is read when the receiver is closed. */
struct echo {
    size_t frames;
    uint32_t rate;
};

static void cancel(void *context, const int16_t *far, int16_t *near, size_t frames, uint32_t rate)
{
    struct echo *echo = (struct echo *)context;
    size_t n;

    for (n = 0; n < frames; n++)
        near[n] = (int16_t)(near[n] / 2 - far[n] / 2);
    echo->frames += frames;
    echo->rate = rate;
}

static tandem_receiver *opened(struct echo *echo)
{
    tandem_config *config = tandem_config_new();
    tandem_receiver *receiver = NULL;

    CHECK(tandem_config_set(config, "controller", "sim") == TANDEM_STATUS_OK);
    CHECK(tandem_config_set(config, "sound", "null") == TANDEM_STATUS_OK);
    CHECK(tandem_config_set(config, "microphone", "tone:660") == TANDEM_STATUS_OK);
    CHECK(tandem_config_set_canceller(NULL, cancel, echo) == TANDEM_STATUS_BAD_POINTER);
    CHECK(tandem_config_set_canceller(config, NULL, NULL) == TANDEM_STATUS_OK);
    CHECK(tandem_config_set_canceller(config, cancel, echo) == TANDEM_STATUS_OK);
    CHECK(tandem_receiver_open(config, &receiver) == TANDEM_STATUS_OK);
    CHECK(tandem_receiver_pair(receiver, 60, NULL) == TANDEM_STATUS_OK);
    tandem_config_free(config);
    return receiver;
}

static tandem_audio *audio_of(tandem_receiver *receiver, uint32_t kind, uint32_t rate, uint8_t channels)
{
    tandem_audio *audio = NULL;

    CHECK(tandem_audio_open(receiver, kind, NULL, rate, channels, &audio) == TANDEM_STATUS_OK);
    CHECK(tandem_audio_fd(audio) >= 0);
    return audio;
}

static void wrong(tandem_receiver *receiver)
{
    tandem_audio *audio = NULL;
    int16_t samples[2 * FRAMES];
    size_t frames = 7;
    uint64_t lost = 7;

    memset(samples, 0, sizeof samples);
#define OPEN(kind, phone, rate, channels) \
    tandem_audio_open(receiver, kind, phone, rate, channels, &audio)
    CHECK(OPEN(0, NULL, 48000, 2) == TANDEM_STATUS_BAD_VALUE);
    CHECK(OPEN(4, NULL, 48000, 2) == TANDEM_STATUS_BAD_VALUE);
    CHECK(OPEN(TANDEM_AUDIO_MIX, NULL, 7999, 2) == TANDEM_STATUS_BAD_VALUE);
    CHECK(OPEN(TANDEM_AUDIO_MIX, NULL, 48000, 3) == TANDEM_STATUS_BAD_VALUE);
    CHECK(OPEN(TANDEM_AUDIO_MIX, "00:00:00:00:00:99", 48000, 2) == TANDEM_STATUS_BAD_VALUE);
    CHECK(OPEN(TANDEM_AUDIO_MEDIA, "Nobody", 48000, 2) == TANDEM_STATUS_NO_SUCH_PHONE);
    CHECK(tandem_audio_open(NULL, TANDEM_AUDIO_MIX, NULL, 48000, 2, &audio) ==
          TANDEM_STATUS_BAD_POINTER);
    CHECK(tandem_audio_open(receiver, TANDEM_AUDIO_MIX, NULL, 48000, 2, NULL) ==
          TANDEM_STATUS_BAD_POINTER);
    CHECK(audio == NULL);
    CHECK(tandem_audio_fd(NULL) == -1);
    CHECK(tandem_audio_read(NULL, samples, FRAMES, &frames, &lost) == TANDEM_STATUS_BAD_POINTER);
    tandem_audio_close(NULL);

    audio = audio_of(receiver, TANDEM_AUDIO_MEDIA, 44100, 2);
    CHECK(tandem_audio_read(audio, NULL, FRAMES, &frames, &lost) == TANDEM_STATUS_BAD_POINTER);
    CHECK(tandem_audio_read(audio, samples, FRAMES, NULL, &lost) == TANDEM_STATUS_BAD_POINTER);
    CHECK(tandem_audio_read(audio, samples, (size_t)-1, &frames, &lost) == TANDEM_STATUS_BAD_VALUE);
    CHECK(tandem_audio_read(audio, samples, FRAMES, &frames, &lost) == TANDEM_STATUS_NOTHING);
    CHECK(tandem_audio_write(audio, samples, FRAMES, &frames, &lost) == TANDEM_STATUS_NOT_SUPPORTED);
    CHECK(frames == 7 && lost == 7);
    tandem_audio_close(audio);

    audio = audio_of(receiver, TANDEM_AUDIO_VOICE, 16000, 1);
    CHECK(tandem_audio_write(audio, NULL, FRAMES, &frames, NULL) == TANDEM_STATUS_BAD_POINTER);
    CHECK(tandem_audio_write(audio, samples, FRAMES, &frames, NULL) == TANDEM_STATUS_OK);
    CHECK(frames == FRAMES);
    tandem_audio_close(audio);
}

/* Waits for sound for at most two seconds and reads it; gives its peak. */
static int peak(tandem_audio *audio, size_t channels)
{
    int16_t samples[2 * FRAMES];
    size_t frames = 0, n;
    struct pollfd ready = {0, POLLIN, 0};
    tandem_status status;
    int most = 0;

    ready.fd = tandem_audio_fd(audio);
    CHECK(poll(&ready, 1, 2000) >= 0);
    do {
        status = tandem_audio_read(audio, samples, FRAMES, &frames, NULL);
        CHECK(status == TANDEM_STATUS_OK || status == TANDEM_STATUS_NOTHING);
        for (n = 0; status == TANDEM_STATUS_OK && n < channels * frames; n++)
            most = samples[n] > most ? samples[n] : most;
    } while (status == TANDEM_STATUS_OK);
    return most;
}

/* Whether the jitter of the first phone's music is known; it comes evenly here. */
static int is_measured(tandem_receiver *receiver)
{
    tandem_event *now = NULL;
    double jitter = -1, level = 1;
    tandem_status measured;

    CHECK(tandem_receiver_status(receiver, &now) == TANDEM_STATUS_OK);
    measured = tandem_event_number(now, "phones.0.meters.media.jitter_ms", &jitter);
    if (measured == TANDEM_STATUS_OK)
        measured = tandem_event_number(now, "phones.0.meters.media.peak_db", &level);
    CHECK(measured == TANDEM_STATUS_OK || measured == TANDEM_STATUS_NO_SUCH_FIELD);
    CHECK(measured != TANDEM_STATUS_OK || (jitter >= 0 && jitter < 200 && level <= 0));
    tandem_event_free(now);
    return measured == TANDEM_STATUS_OK;
}

/* Music is heard from the fifth second on, a call rings in the tenth. */
static void listen(tandem_receiver *receiver, struct echo *echo)
{
    tandem_audio *mix = audio_of(receiver, TANDEM_AUDIO_MIX, 44100, 2);
    tandem_audio *media = audio_of(receiver, TANDEM_AUDIO_MEDIA, 8000, 1);
    tandem_audio *voice = audio_of(receiver, TANDEM_AUDIO_VOICE, 48000, 1);
    uint64_t ticket = 0;
    int rounds = 0;

    while (peak(mix, 2) < 3000)
        CHECK(++rounds < 2000);
    for (rounds = 0; peak(media, 1) < 3000;)
        CHECK(++rounds < 2000);
    for (rounds = 0; !is_measured(receiver); peak(mix, 2))
        CHECK(++rounds < 2000);
    for (rounds = 0; peak(voice, 1) < 3000; rounds++) {
        CHECK(rounds < 20);
        CHECK(tandem_receiver_answer(receiver, NULL, NULL, 0, &ticket) == TANDEM_STATUS_OK);
    }
    for (rounds = 0; rounds < 50; rounds++)
        peak(voice, 1);
    tandem_audio_close(mix);
    tandem_audio_close(media);
    tandem_receiver_close(receiver);
    CHECK(echo->frames > 0 && echo->rate == 16000);
    tandem_audio_close(voice);
}

int main(int count, char **arguments)
{
    struct echo echo = {0, 0};
    tandem_receiver *receiver = opened(&echo);
    tandem_audio *audio;
    int16_t samples[2 * FRAMES];
    size_t frames = 0;
    int n;

    (void)arguments;
    wrong(receiver);
    if (count < 2) {
        listen(receiver, &echo);
        return 0;
    }
    audio = audio_of(receiver, TANDEM_AUDIO_MIX, 48000, 2);
    for (n = 0; n < 5; n++)
        peak(audio, 2);
    tandem_receiver_close(receiver);
    /* What came before the end is there yet. */
    while (tandem_audio_read(audio, samples, FRAMES, &frames, NULL) == TANDEM_STATUS_OK)
        CHECK(frames > 0);
    CHECK(tandem_audio_read(audio, samples, FRAMES, &frames, NULL) == TANDEM_STATUS_CLOSED);
    tandem_audio_close(audio);
    return 0;
}
