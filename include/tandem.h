/*
 * Tandem: a Bluetooth receiver in a library.
 *
 * A receiver drives one Bluetooth controller and keeps several phones connected at once. A program
 * makes a configuration, opens a receiver with it, waits for events, and orders what it wants by
 * verbs. A verb answers at once with a ticket; how it ended is told later by the event `done` with
 * the same ticket. examples/events.c is a whole program.
 *
 * Strings are UTF-8 and end with a zero byte. Those that this library returns belong to it; each
 * function says how long they last. Times are seconds on the monotonic clock since the receiver's
 * start. Output parameters are written only when the answer is TANDEM_STATUS_OK. No pointer may be
 * null unless its function says so; a null one is answered with TANDEM_STATUS_BAD_POINTER. What was
 * closed or freed must not be used again.
 *
 * What may be called from where:
 *
 *   tandem_config_...              one thread at a time for each configuration
 *   tandem_receiver_next, _wait    one thread at a time for each receiver
 *   tandem_receiver_close          while no other call with this receiver is under way
 *   other tandem_receiver_...      any thread, at the same time as all of the above but close
 *   tandem_event_...               any thread; tandem_event_free once, after the others
 *   tandem_audio_...               one thread at a time for each audio object; it may outlive the
 *                                  receiver
 *   tandem_last_error              tells of the calling thread's own calls
 *
 * What waits: tandem_receiver_wait; tandem_receiver_open, until the controller is up or has failed,
 * which takes seconds where it does not answer; tandem_receiver_close, until the phones are told, at
 * most two seconds. Nothing else does.
 *
 * A program that forks must not use a receiver in the child.
 *
 * Made by cbindgen from crates/capi/src; do not edit.
 */


#ifndef TANDEM_H
#define TANDEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Everything that is heard, with its gains, fades and tones.
 */
#define TANDEM_AUDIO_MIX 1

/**
 * What a phone plays, as it was decoded: before any gain, as its packets come.
 */
#define TANDEM_AUDIO_MEDIA 2

/**
 * The far end's voice, as its packets come; and the microphone.
 */
#define TANDEM_AUDIO_VOICE 3

/**
 * How a call ended. A number always means the same; new ones are added, none is used again.
 *
 * 1 to 31: a verb was refused. 32 to 63: a receiver could not be opened. From 64: about the call.
 */
typedef enum tandem_status {
    /**
     * Done, or under way.
     */
    TANDEM_STATUS_OK = 0,
    /**
     * No phone of this address or name is known.
     */
    TANDEM_STATUS_NO_SUCH_PHONE = 1,
    /**
     * The phone has no bond here.
     */
    TANDEM_STATUS_NOT_PAIRED = 2,
    /**
     * The phone is not connected.
     */
    TANDEM_STATUS_NOT_CONNECTED = 3,
    /**
     * The phone or the receiver cannot do this.
     */
    TANDEM_STATUS_NOT_SUPPORTED = 4,
    /**
     * The phone said no.
     */
    TANDEM_STATUS_REFUSED = 5,
    /**
     * No answer in time.
     */
    TANDEM_STATUS_TIMED_OUT = 6,
    /**
     * A key is not known, or a value is out of its range.
     */
    TANDEM_STATUS_BAD_VALUE = 7,
    /**
     * Not now.
     */
    TANDEM_STATUS_BUSY = 8,
    /**
     * The controller is gone.
     */
    TANDEM_STATUS_CONTROLLER_LOST = 9,
    /**
     * Several phones have this name; give the address.
     */
    TANDEM_STATUS_AMBIGUOUS = 10,
    /**
     * No call rings.
     */
    TANDEM_STATUS_NOTHING_TO_ANSWER = 11,
    /**
     * There is no such call.
     */
    TANDEM_STATUS_NO_CALL = 12,
    /**
     * There is no such controller, or nobody answers there.
     */
    TANDEM_STATUS_NO_CONTROLLER = 32,
    /**
     * Something may not be used; tandem_last_error says what would permit it.
     */
    TANDEM_STATUS_PERMISSION = 33,
    /**
     * The controller failed; tandem_last_error says at which step.
     */
    TANDEM_STATUS_CONTROLLER_FAILED = 34,
    /**
     * The operating system refused something else.
     */
    TANDEM_STATUS_SYSTEM = 35,
    /**
     * A pointer is null, or is not one that this library gave.
     */
    TANDEM_STATUS_BAD_POINTER = 64,
    /**
     * A text is not UTF-8.
     */
    TANDEM_STATUS_NOT_UTF8 = 65,
    /**
     * No event waits.
     */
    TANDEM_STATUS_NOTHING = 66,
    /**
     * The receiver has ended, and every event was read.
     */
    TANDEM_STATUS_CLOSED = 67,
    /**
     * The event has no such field, or it is of another type.
     */
    TANDEM_STATUS_NO_SUCH_FIELD = 68,
    /**
     * A mistake in the library itself, told on standard error. The receiver may still be closed.
     */
    TANDEM_STATUS_PANICKED = 69,
} tandem_status;

/**
 * Kinds of events. A number always means the same; new ones are added, so a program must pass over
 * those that it does not know.
 */
typedef enum tandem_kind {
    /**
     * No event.
     */
    TANDEM_KIND_NONE = 0,
    /**
     * Everything as it is, in the fields of a status: the first event of a receiver.
     * controller.address, controller.name, controller.state, controller.pairing, phones.0.address
     * and so on.
     */
    TANDEM_KIND_SNAPSHOT = 1,
    /**
     * Events were dropped because they were not read in time: count.
     */
    TANDEM_KIND_LOST = 2,
    /**
     * The controller came up or was lost: state (up, lost), address.
     */
    TANDEM_KIND_CONTROLLER = 3,
    /**
     * Pairing mode opened or ended: open, seconds.
     */
    TANDEM_KIND_PAIRING = 4,
    /**
     * The owner is asked whether a phone may pair: phone, kind (compare, display, enter, consent),
     * passkey. The answer is tandem_receiver_confirm.
     */
    TANDEM_KIND_CONFIRM = 5,
    /**
     * A phone has a new bond: phone.
     */
    TANDEM_KIND_PAIRED = 6,
    /**
     * A phone's connection came up or went: phone, name, state (connected, disconnected), reason.
     */
    TANDEM_KIND_PHONE = 7,
    /**
     * A profile came up or went: phone, profile, up.
     */
    TANDEM_KIND_PROFILE = 8,
    /**
     * A media stream changed: phone, state (open, playing, suspended, closed), codec, rate, channels.
     */
    TANDEM_KIND_STREAM = 9,
    /**
     * Who is heard changed: phones, a list of phone, kind, gain. Empty: silence.
     */
    TANDEM_KIND_AUDIBLE = 10,
    /**
     * What the policy told a phone: phone, order.
     */
    TANDEM_KIND_ORDER = 11,
    /**
     * A phone lost its seat to another: phone, by.
     */
    TANDEM_KIND_EVICTED = 12,
    /**
     * A verb ended: ticket, result; see tandem_event_result.
     */
    TANDEM_KIND_DONE = 13,
    /**
     * A link's state: phone, rssi, quality, role, mode.
     */
    TANDEM_KIND_LINK = 14,
    /**
     * Something that the owner should know: code, text.
     */
    TANDEM_KIND_WARNING = 15,
    /**
     * A phone's player has another track: phone, title, artist, album, duration_ms.
     */
    TANDEM_KIND_TRACK = 16,
    /**
     * What a phone's player does: phone, status (playing, paused, stopped), position_ms.
     */
    TANDEM_KIND_PLAYBACK = 17,
    /**
     * How loud a phone is heard: phone, kind (media, call), percent.
     */
    TANDEM_KIND_VOLUME = 18,
    /**
     * A call is there, has changed, or is over: phone, index, state (incoming, outgoing, active, held,
     * ended), number, name.
     */
    TANDEM_KIND_CALL = 19,
    /**
     * A voice link came up or went: phone, state (open, closed), codec.
     */
    TANDEM_KIND_VOICE = 20,
    /**
     * An indicator of a phone: phone, indicator (battery, signal, service, roaming), value.
     */
    TANDEM_KIND_INDICATOR = 21,
} tandem_kind;

/**
 * Sound that a program takes and gives itself.
 */
typedef struct tandem_audio tandem_audio;

/**
 * What a receiver is opened with.
 */
typedef struct tandem_config tandem_config;

/**
 * What happened. The fields of each kind are those of the events of `tandem watch --json`.
 */
typedef struct tandem_event tandem_event;

/**
 * A running receiver.
 */
typedef struct tandem_receiver tandem_receiver;

/**
 * An echo canceller: takes out of `near`, what the microphone heard, what of `far`, what was
 * played, is in it. Both hold `frames` samples, at most 2.5 ms, of one channel at `rate` samples a
 * second. `far` is the mix as it was rendered for the sink, handed over in order and without a
 * break like `near`: the echo follows its cause by what lies in the buffers between, up to a round
 * of the sink and the devices' own, and a canceller has to follow that delay when it changes. It
 * is called on the audio thread: it must not wait, nor call this library, nor throw.
 */
typedef void (*tandem_canceller)(void *context,
                                 const int16_t *far,
                                 int16_t *near,
                                 size_t frames,
                                 uint32_t rate);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * What was wrong with the last call of this thread that failed: one sentence for a person.
 * Empty when none has failed. It lasts until the next call of this thread.
 */
const char *tandem_last_error(void);

/**
 * What a status means: a short text that lasts for ever.
 */
const char *tandem_status_text(int status);

/**
 * The library's version, as "0.1.0"; it lasts for ever.
 */
const char *tandem_version(void);

/**
 * Has a function take echo out of what the microphone hears, before it is coded; phones are told
 * to leave that to the receiver, as by `echo_cancellation`. A null `canceller` takes it back. A
 * configuration with a canceller is for one receiver at a time.
 *
 * # Safety
 * `config` is from tandem_config_new; `canceller` may be called with `context` from another thread
 * until every receiver that is opened with it is closed.
 */
enum tandem_status tandem_config_set_canceller(struct tandem_config *config,
                                               tandem_canceller canceller,
                                               void *context);

/**
 * Opens sound to read, and of the kind TANDEM_AUDIO_VOICE to write: interleaved 16-bit samples at
 * `rate` frames a second, 8000 to 48000, in one channel or two. `phone` is whose media or voice it
 * is, a name that is known, or an address, which may be that of a phone to come; null: whichever
 * phone's is heard. It begins within 100 ms, holds what is not read for 680 ms at 48 kHz, and loses
 * the oldest then. TANDEM_STATUS_BAD_VALUE for a kind, rate, channels or a phone of the mix that
 * cannot be; TANDEM_STATUS_BUSY when eight are open. It may outlive the receiver, and ends with it.
 *
 * # Safety
 * `receiver` is from tandem_receiver_open and not closed; `phone`, unless null, ends with a zero
 * byte; `audio` has room.
 */
enum tandem_status tandem_audio_open(const struct tandem_receiver *receiver,
                                     uint32_t kind,
                                     const char *phone,
                                     uint32_t rate,
                                     uint8_t channels,
                                     struct tandem_audio **audio);

/**
 * A file descriptor that poll, select and epoll find readable from when something can be read until
 * a read found less than it had room for, and at the end. It belongs to the audio object: do not
 * read or close it. -1 for null.
 *
 * # Safety
 * `audio` is from tandem_audio_open and not closed.
 */
int tandem_audio_fd(const struct tandem_audio *audio);

/**
 * Reads up to `frames` frames into `samples` and tells in `read` how many they are, and in `lost`
 * how many are missing before them because they were not read in time: a read ends where some are
 * missing. Never waits. TANDEM_STATUS_NOTHING when none wait, TANDEM_STATUS_CLOSED when none will
 * come.
 *
 * # Safety
 * `audio` is from tandem_audio_open and not closed, and no other thread uses it; `samples` has
 * room for `frames` frames; `read` has room; `lost` has room or is null.
 */
enum tandem_status tandem_audio_read(struct tandem_audio *audio,
                                     int16_t *samples,
                                     size_t frames,
                                     size_t *read,
                                     uint64_t *lost);

/**
 * Writes frames that phones hear as the microphone, in place of the one that is configured from
 * the first call until this audio object is closed. Tells in `written` how many were taken, fewer
 * than given when a quarter of a second waits, and in `missed` for how many frames phones were
 * sent silence since the last call because nothing was written in time. Never waits. While no
 * voice link is open what was taken is dropped. TANDEM_STATUS_NOT_SUPPORTED for another kind than
 * TANDEM_AUDIO_VOICE, TANDEM_STATUS_CLOSED when the receiver has ended.
 *
 * # Safety
 * `audio` is from tandem_audio_open and not closed, and no other thread uses it; `samples` holds
 * `frames` frames; `written` has room; `missed` has room or is null.
 */
enum tandem_status tandem_audio_write(struct tandem_audio *audio,
                                      const int16_t *samples,
                                      size_t frames,
                                      size_t *written,
                                      uint64_t *missed);

/**
 * Closes an audio object; null is nothing to close.
 *
 * # Safety
 * `audio` is from tandem_audio_open and is not used again.
 */
void tandem_audio_close(struct tandem_audio *audio);

/**
 * Takes the call that rings. `how` says what becomes of an active call: "hold", "end" or
 * "default", which null is too: as the setting `answer` says. Without a `phone` (null) it is the
 * one that rings, the newest where several do. `index` is the phone's own number for one of its
 * calls, 0 for the one that rings. The end comes with the phone's answer, here and below.
 *
 * # Safety
 * `receiver` is from tandem_receiver_open and not closed; `how` and `phone`, unless null, end with
 * a zero byte; `ticket` has room or is null.
 */
enum tandem_status tandem_receiver_answer(const struct tandem_receiver *receiver,
                                          const char *how,
                                          const char *phone,
                                          uint8_t index,
                                          uint64_t *ticket);

/**
 * Rejects the call that rings. `phone` and `index` as for tandem_receiver_answer.
 *
 * # Safety
 * As for tandem_receiver_hold.
 */
enum tandem_status tandem_receiver_reject(const struct tandem_receiver *receiver,
                                          const char *phone,
                                          uint8_t index,
                                          uint64_t *ticket);

/**
 * Ends the active call, else cancels the outgoing one, else closes the voice session. Without a
 * `phone` (null) it is the one in a call. `index` is the phone's own number for one of its calls,
 * 0 for the active one.
 *
 * # Safety
 * As for tandem_receiver_hold.
 */
enum tandem_status tandem_receiver_hang_up(const struct tandem_receiver *receiver,
                                           const char *phone,
                                           uint8_t index,
                                           uint64_t *ticket);

/**
 * Puts the active call on hold; where none is active, takes back the one that is held. Without a
 * `phone` (null) it is the one in a call, here and below.
 *
 * # Safety
 * `receiver` is from tandem_receiver_open and not closed; `phone`, unless null, ends with a zero
 * byte; `ticket` has room or is null.
 */
enum tandem_status tandem_receiver_hold(const struct tandem_receiver *receiver,
                                        const char *phone,
                                        uint64_t *ticket);

/**
 * Exchanges the active and the held call, across phones too.
 *
 * # Safety
 * `receiver` is from tandem_receiver_open and not closed; `ticket` has room or is null.
 */
enum tandem_status tandem_receiver_swap(const struct tandem_receiver *receiver, uint64_t *ticket);

/**
 * Joins a phone's active and held calls to a conference.
 *
 * # Safety
 * As for tandem_receiver_hold.
 */
enum tandem_status tandem_receiver_merge(const struct tandem_receiver *receiver,
                                         const char *phone,
                                         uint64_t *ticket);

/**
 * Speaks with one member of a conference alone; the others are held. `index` is the phone's own
 * number for that call, from 1.
 *
 * # Safety
 * As for tandem_receiver_hold.
 */
enum tandem_status tandem_receiver_private(const struct tandem_receiver *receiver,
                                           uint8_t index,
                                           const char *phone,
                                           uint64_t *ticket);

/**
 * Connects a phone's two calls with each other and leaves them.
 *
 * # Safety
 * As for tandem_receiver_hold.
 */
enum tandem_status tandem_receiver_transfer(const struct tandem_receiver *receiver,
                                            const char *phone,
                                            uint64_t *ticket);

/**
 * Moves a call's audio: `to` is "receiver" or "phone".
 *
 * # Safety
 * As for tandem_receiver_hold; `to` ends with a zero byte.
 */
enum tandem_status tandem_receiver_voice(const struct tandem_receiver *receiver,
                                         const char *to,
                                         const char *phone,
                                         uint64_t *ticket);

/**
 * Dials a number: 1 to 32 of 0 to 9, *, #, + and A to D; > and digits dial what is in the phone's
 * memory there. Without a `phone` (null) it is the one used for a call last, here and for
 * tandem_receiver_redial and tandem_receiver_assistant.
 *
 * # Safety
 * As for tandem_receiver_hold; `number` ends with a zero byte.
 */
enum tandem_status tandem_receiver_dial(const struct tandem_receiver *receiver,
                                        const char *number,
                                        const char *phone,
                                        uint64_t *ticket);

/**
 * Dials the last number.
 *
 * # Safety
 * As for tandem_receiver_hold.
 */
enum tandem_status tandem_receiver_redial(const struct tandem_receiver *receiver,
                                          const char *phone,
                                          uint64_t *ticket);

/**
 * Sends tones into a call, one after the other: 1 to 32 of 0 to 9, *, # and A to D.
 *
 * # Safety
 * As for tandem_receiver_hold; `digits` ends with a zero byte.
 */
enum tandem_status tandem_receiver_tones(const struct tandem_receiver *receiver,
                                         const char *digits,
                                         const char *phone,
                                         uint64_t *ticket);

/**
 * Mutes the microphone, or not.
 *
 * # Safety
 * As for tandem_receiver_swap.
 */
enum tandem_status tandem_receiver_mute(const struct tandem_receiver *receiver,
                                        bool on,
                                        uint64_t *ticket);

/**
 * Starts or stops a phone's assistant.
 *
 * # Safety
 * As for tandem_receiver_hold.
 */
enum tandem_status tandem_receiver_assistant(const struct tandem_receiver *receiver,
                                             bool on,
                                             const char *phone,
                                             uint64_t *ticket);

/**
 * Tells the phones how full our battery is, 0 to 100 percent.
 *
 * # Safety
 * As for tandem_receiver_swap.
 */
enum tandem_status tandem_receiver_battery(const struct tandem_receiver *receiver,
                                           uint8_t percent,
                                           uint64_t *ticket);

/**
 * A configuration with every key at its default. Free it with tandem_config_free.
 */
struct tandem_config *tandem_config_new(void);

/**
 * Sets a key, for example "controller" to "usb", "sound" to "null" or "seats" to "3". The keys are
 * those of the configuration file; those of its tables are written with dots, as "sound.rate" or
 * "phone.AA:BB:CC:DD:EE:FF.takeover". The value is text, or a TOML value. On
 * TANDEM_STATUS_BAD_VALUE the configuration is as before.
 *
 * # Safety
 * `config` is from tandem_config_new; `key` and `value` end with a zero byte.
 */
enum tandem_status tandem_config_set(struct tandem_config *config,
                                     const char *key,
                                     const char *value);

/**
 * Reads a configuration file over this configuration. On TANDEM_STATUS_BAD_VALUE, which the file's
 * absence is too, tandem_last_error names the line and the key, and the configuration is as before.
 *
 * # Safety
 * `config` is from tandem_config_new; `file` ends with a zero byte.
 */
enum tandem_status tandem_config_read(struct tandem_config *config, const char *file);

/**
 * Frees a configuration; null is nothing to free. A receiver that was opened with it goes on.
 *
 * # Safety
 * `config` is from tandem_config_new and is not used again.
 */
void tandem_config_free(struct tandem_config *config);

/**
 * What kind of event it is; TANDEM_KIND_NONE for null. Its name is the text "event".
 *
 * # Safety
 * `event` is from this library and not freed.
 */
enum tandem_kind tandem_event_kind(const struct tandem_event *event);

/**
 * The event's number: it grows by one with each event of a receiver. 0 for null.
 *
 * # Safety
 * `event` is from this library and not freed.
 */
uint64_t tandem_event_seq(const struct tandem_event *event);

/**
 * When it happened, in seconds since the receiver's start. 0 for null. The wall clock's time is
 * the text "time".
 *
 * # Safety
 * `event` is from this library and not freed.
 */
double tandem_event_time(const struct tandem_event *event);

/**
 * The text of a field, for example "phone"; null when the event has no such field or it is no text.
 * Fields within fields and lists are named with dots: "controller.address", "phones.0.name". The
 * text lasts as long as the event.
 *
 * # Safety
 * `event` is from this library and not freed; `field` ends with a zero byte.
 */
const char *tandem_event_text(const struct tandem_event *event, const char *field);

/**
 * The number in a field, for example "passkey".
 *
 * # Safety
 * `event` is from this library and not freed; `field` ends with a zero byte; `number` has room.
 */
enum tandem_status tandem_event_number(const struct tandem_event *event,
                                       const char *field,
                                       double *number);

/**
 * The truth of a field, for example "up".
 *
 * # Safety
 * `event` is from this library and not freed; `field` ends with a zero byte; `flag` has room.
 */
enum tandem_status tandem_event_flag(const struct tandem_event *event,
                                     const char *field,
                                     bool *flag);

/**
 * How many items a list has, for example "phones". Those of the first are then "phones.0.address"
 * and so on.
 *
 * # Safety
 * `event` is from this library and not freed; `field` ends with a zero byte; `count` has room.
 */
enum tandem_status tandem_event_count(const struct tandem_event *event,
                                      const char *field,
                                      size_t *count);

/**
 * Which verb ended and how, for events of the kind TANDEM_KIND_DONE; any other has no such field.
 *
 * # Safety
 * `event` is from this library and not freed; `ticket` and `result` have room.
 */
enum tandem_status tandem_event_result(const struct tandem_event *event,
                                       uint64_t *ticket,
                                       enum tandem_status *result);

/**
 * The whole event as a JSON object; null for null. The text lasts as long as the event.
 *
 * # Safety
 * `event` is from this library and not freed.
 */
const char *tandem_event_json(const struct tandem_event *event);

/**
 * Frees an event and its texts; null is nothing to free.
 *
 * # Safety
 * `event` is from this library and is not used again.
 */
void tandem_event_free(struct tandem_event *event);

/**
 * Opens a receiver: controller, sound, bonds. Waits until the controller is up or has failed.
 * Every event from then on, a snapshot first, waits for tandem_receiver_next.
 *
 * # Safety
 * `config` is from tandem_config_new; `receiver` has room.
 */
enum tandem_status tandem_receiver_open(const struct tandem_config *config,
                                        struct tandem_receiver **receiver);

/**
 * A file descriptor that poll, select and epoll find readable while an event waits. It belongs to
 * the receiver: do not read or close it. -1 for null.
 *
 * # Safety
 * `receiver` is from tandem_receiver_open and not closed.
 */
int tandem_receiver_fd(const struct tandem_receiver *receiver);

/**
 * Takes the next event, which tandem_event_free frees. TANDEM_STATUS_NOTHING when none waits,
 * TANDEM_STATUS_CLOSED when none will come. A program that leaves 1024 events unread loses the
 * oldest and is told so.
 *
 * # Safety
 * `receiver` is from tandem_receiver_open and not closed; `event` has room; no other thread is in
 * tandem_receiver_next or tandem_receiver_wait with this receiver.
 */
enum tandem_status tandem_receiver_next(const struct tandem_receiver *receiver,
                                        struct tandem_event **event);

/**
 * Waits for an event: at most `timeout_ms` milliseconds, for ever when that is negative.
 * TANDEM_STATUS_OK when tandem_receiver_next has something to say, TANDEM_STATUS_NOTHING when the
 * time is over or a signal was caught.
 *
 * # Safety
 * `receiver` is from tandem_receiver_open and not closed; no other thread is in
 * tandem_receiver_next or tandem_receiver_wait with this receiver.
 */
enum tandem_status tandem_receiver_wait(const struct tandem_receiver *receiver, int timeout_ms);

/**
 * Makes an event of the kind TANDEM_KIND_SNAPSHOT that tells everything as it is now.
 * tandem_event_free frees it.
 *
 * # Safety
 * `receiver` is from tandem_receiver_open and not closed; `snapshot` has room.
 */
enum tandem_status tandem_receiver_status(const struct tandem_receiver *receiver,
                                          struct tandem_event **snapshot);

/**
 * Opens pairing mode for so many seconds, 1 to 3600. The event `done` with this ticket tells the
 * end; a null `ticket` means that nobody wants to know.
 *
 * # Safety
 * `receiver` is from tandem_receiver_open and not closed; `ticket` has room or is null.
 */
enum tandem_status tandem_receiver_pair(const struct tandem_receiver *receiver,
                                        uint32_t seconds,
                                        uint64_t *ticket);

/**
 * Ends pairing mode.
 *
 * # Safety
 * `receiver` is from tandem_receiver_open and not closed; `ticket` has room or is null.
 */
enum tandem_status tandem_receiver_stop_pairing(const struct tandem_receiver *receiver,
                                                uint64_t *ticket);

/**
 * Answers an event of the kind TANDEM_KIND_CONFIRM. `phone` is an address, or a name that only one
 * phone has, here and below; a name that nobody has is refused at once, an address when the verb
 * ends. `passkey` points to the six digits that the phone shows where they
 * were asked for (kind "enter"), and is null otherwise.
 *
 * # Safety
 * `receiver` is from tandem_receiver_open and not closed; `phone` ends with a zero byte; `passkey`
 * points to a number or is null; `ticket` has room or is null.
 */
enum tandem_status tandem_receiver_confirm(const struct tandem_receiver *receiver,
                                           const char *phone,
                                           bool accept,
                                           const uint32_t *passkey,
                                           uint64_t *ticket);

/**
 * Connects a paired phone. The end comes when its first profile is up, or after 15 s.
 *
 * # Safety
 * `receiver` is from tandem_receiver_open and not closed; `phone` ends with a zero byte; `ticket`
 * has room or is null.
 */
enum tandem_status tandem_receiver_connect(const struct tandem_receiver *receiver,
                                           const char *phone,
                                           uint64_t *ticket);

/**
 * Ends a phone's connection.
 *
 * # Safety
 * As for tandem_receiver_connect.
 */
enum tandem_status tandem_receiver_disconnect(const struct tandem_receiver *receiver,
                                              const char *phone,
                                              uint64_t *ticket);

/**
 * Ends a phone's connection and deletes its bond and all that is kept of it, its volumes too; what the
 * configuration says of it stays.
 *
 * # Safety
 * As for tandem_receiver_connect.
 */
enum tandem_status tandem_receiver_forget(const struct tandem_receiver *receiver,
                                          const char *phone,
                                          uint64_t *ticket);

/**
 * Presses a key of a phone's player: `action` is "play", "pause", "play_pause", "next", "previous" or
 * "stop". Without a `phone` (null) it is the one that is heard, else the one heard last. The end comes
 * with the phone's answer.
 *
 * # Safety
 * `receiver` is from tandem_receiver_open and not closed; `action` and, unless null, `phone` end with a
 * zero byte; `ticket` has room or is null.
 */
enum tandem_status tandem_receiver_media(const struct tandem_receiver *receiver,
                                         const char *action,
                                         const char *phone,
                                         uint64_t *ticket);

/**
 * Sets how loud a phone is heard, 0 to 100 percent: `kind` is "media" or "call". `phone` as for
 * tandem_receiver_media.
 *
 * # Safety
 * As for tandem_receiver_media, with `kind` for `action`.
 */
enum tandem_status tandem_receiver_volume(const struct tandem_receiver *receiver,
                                          uint8_t percent,
                                          const char *kind,
                                          const char *phone,
                                          uint64_t *ticket);

/**
 * Changes a setting until the receiver is closed: key and value as for tandem_config_set, and with
 * a `phone` that is not null the keys of that phone's table. TANDEM_STATUS_BUSY for a key that
 * only counts at start.
 *
 * # Safety
 * `receiver` is from tandem_receiver_open and not closed; `key`, `value` and, unless null, `phone`
 * end with a zero byte; `ticket` has room or is null.
 */
enum tandem_status tandem_receiver_set(const struct tandem_receiver *receiver,
                                       const char *key,
                                       const char *value,
                                       const char *phone,
                                       uint64_t *ticket);

/**
 * Closes a receiver: says goodbye to the phones, gives the controller back, ends the threads. Null
 * is nothing to close.
 *
 * # Safety
 * `receiver` is from tandem_receiver_open, no call with it is under way, and it is not used again.
 */
void tandem_receiver_close(struct tandem_receiver *receiver);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* TANDEM_H */
