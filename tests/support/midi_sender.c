/* Sends MIDI through a JACK server, written against JACK's C interface alone: no code of ours, no library of Python's.

   midi_sender NAME < events
   Each line of the events is: milliseconds since the start, then the bytes of a message in hexadecimal.
   It starts when its port "out" is connected, sends each message at its sample, and ends after the last one.
   It prints by how many seconds the server's samples came to lie behind the clock, or before it, at most. */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef struct { double at; int size; unsigned char bytes[64]; } event;

static event *events;
static long count, next_event;
static int64_t played;
static void *port;
static double rate;
static volatile int done;
static double began, least, most;

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec * 1e-9;
}

static void *(*get_buffer)(void *, uint32_t);
static void (*clear_buffer)(void *);
static int (*write_event)(void *, uint32_t, const unsigned char *, size_t);
static int (*connected)(const void *);

static int process(uint32_t frames, void *unused) {
    void *buffer = get_buffer(port, frames);
    (void)unused;
    clear_buffer(buffer);
    if (!played && !connected(port)) return 0;
    while (next_event < count) {
        int64_t at = (int64_t)(events[next_event].at * rate / 1000.0) - played;
        if (at >= (int64_t)frames) break;
        if (write_event(buffer, at > 0 ? (uint32_t)at : 0, events[next_event].bytes, events[next_event].size)) break;
        next_event++;
    }
    if (!played) began = seconds();
    double behind = seconds() - began - played / rate;
    if (behind < least) least = behind;
    if (behind > most) most = behind;
    played += frames;
    if (next_event >= count) done = 1;
    return 0;
}

int main(int given, char **names) {
    char line[512];
    void *jack = dlopen("libjack.so.0", RTLD_NOW);
    if (given < 2 || !jack) return fprintf(stderr, "no libjack.so.0\n"), 2;
    while (fgets(line, sizeof line, stdin)) {
        events = realloc(events, (count + 1) * sizeof *events);
        event *one = &events[count++];
        one->size = 0;
        char *word = strtok(line, " \n");
        one->at = atof(word);
        while ((word = strtok(NULL, " \n"))) one->bytes[one->size++] = (unsigned char)strtol(word, NULL, 16);
    }
    void *(*open_client)(const char *, int, void *) = dlsym(jack, "jack_client_open");
    void *(*new_port)(void *, const char *, const char *, unsigned long, unsigned long) = dlsym(jack, "jack_port_register");
    int (*set_process)(void *, int (*)(uint32_t, void *), void *) = dlsym(jack, "jack_set_process_callback");
    uint32_t (*get_rate)(void *) = dlsym(jack, "jack_get_sample_rate");
    int (*activate)(void *) = dlsym(jack, "jack_activate");
    int (*close_client)(void *) = dlsym(jack, "jack_client_close");
    get_buffer = dlsym(jack, "jack_port_get_buffer");
    clear_buffer = dlsym(jack, "jack_midi_clear_buffer");
    write_event = dlsym(jack, "jack_midi_event_write");
    connected = dlsym(jack, "jack_port_connected");
    void *client = open_client(names[1], 1 /* start no server */, NULL);
    if (!client) return fprintf(stderr, "no JACK server\n"), 3;
    rate = get_rate(client);
    port = new_port(client, "out", "8 bit raw midi", 2 /* it is an output */, 0);
    set_process(client, process, NULL);
    if (!port || activate(client)) return fprintf(stderr, "no port\n"), 4;
    for (int waited = 0; !done && waited < 60000; waited += 10) usleep(10000);
    usleep(200000);
    close_client(client);
    printf("%f\n", most - least);
    return done ? 0 : 5;
}
