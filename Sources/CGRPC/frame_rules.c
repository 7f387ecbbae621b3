#include "core.h"

// HTTP/2 frames as RFC 9113 has them.
enum {
  FRAME_DATA = 0,
  FRAME_HEADERS = 1,
  FRAME_RST_STREAM = 3,
  FRAME_GOAWAY = 7,
  FRAME_WINDOW_UPDATE = 8,
  FRAME_CONTINUATION = 9,
};
enum { FLAG_END_STREAM = 1, FLAG_END_HEADERS = 4 };
enum { PREFACE_LENGTH = 24, FRAME_HEADER_LENGTH = 9 };

// Tokens in thousandths, so that a slow refill is not lost.
typedef struct bucket {
  int64_t tokens;
} bucket;

struct pb_frame_rules {
  bool from_client;
  uint8_t preface_left;
  uint8_t header[FRAME_HEADER_LENGTH];
  uint8_t header_count;
  uint32_t payload_left;
  int32_t broken;  // the rule
  int64_t refilled;
  uint32_t goaways;
  uint32_t continuations;
  uint64_t block_bytes;
  bucket control, windows, resets, streams, data;
};

typedef struct pace {
  int64_t burst;   // thousandths
  int64_t second;  // thousandths a second
} pace;

// Far above what any client of ours was seen to do: 400 calls on one connection send about 2,000 frames of these kinds a
// second in all, nearly all of them WINDOW_UPDATE.
static const pace control_pace = {500 * 1000, 1000 * 1000};
static const pace windows_pace = {100000 * 1000, 50000 * 1000};
static const pace resets_pace = {2000 * 1000, 200 * 1000};
static const pace streams_pace = {5000 * 1000, 2000 * 1000};
// Bytes. The windows of all the streams that a connection may have are 64 MB: a client that keeps to them can send so much at
// once, and then what is read of it. One that does not makes the core's buffer for one read grow with all that it sends.
static const pace data_pace = {(int64_t)64 * 1048576 * 1000, (int64_t)128 * 1048576 * 1000};
enum { RESETS_A_DATA_FRAME = 100 };  // thousandths: who sends audio may end RPCs
enum { MOST_GOAWAYS = 16, MOST_CONTINUATIONS = 8, LONGEST_BLOCK = 131072 };

static void refill(bucket *bucket, const pace *pace, int64_t nanoseconds) {
  // A long pause is a full bucket, whatever the pace: no overflow.
  int64_t added = nanoseconds > 1000000000000 ? pace->burst : pace->second / 1000 * (nanoseconds / 1000) / 1000;
  bucket->tokens = added > pace->burst - bucket->tokens ? pace->burst : bucket->tokens + added;
}

static bool spend(bucket *bucket, int64_t tokens) {
  if (bucket->tokens < tokens * 1000) return false;
  bucket->tokens -= tokens * 1000;
  return true;
}

pb_frame_rules *pb_frame_rules_create(bool from_client, int64_t now) {
  pb_frame_rules *rules = pb_allocate(sizeof(*rules));
  rules->from_client = from_client;
  rules->preface_left = from_client ? PREFACE_LENGTH : 0;
  rules->refilled = now;
  rules->control.tokens = control_pace.burst;
  rules->windows.tokens = windows_pace.burst;
  rules->resets.tokens = resets_pace.burst;
  rules->streams.tokens = streams_pace.burst;
  rules->data.tokens = data_pace.burst;
  return rules;
}

void pb_frame_rules_destroy(pb_frame_rules *rules) { free(rules); }

// Looks at one frame's header; gives the rule that it breaks.
static int32_t look(pb_frame_rules *rules) {
  const uint8_t *header = rules->header;
  uint32_t length = (uint32_t)header[0] << 16 | (uint32_t)header[1] << 8 | header[2];
  uint8_t type = header[3], flags = header[4];
  rules->payload_left = length;
  switch (type) {
    case FRAME_DATA:
      if (length == 0 && !(flags & FLAG_END_STREAM)) return spend(&rules->control, 1) ? 0 : PB_RULE_CONTROL_FRAMES;
      rules->resets.tokens += RESETS_A_DATA_FRAME;
      if (rules->resets.tokens > resets_pace.burst) rules->resets.tokens = resets_pace.burst;
      return !rules->from_client || spend(&rules->data, length) ? 0 : PB_RULE_DATA;
    case FRAME_HEADERS:
      rules->continuations = 0;
      rules->block_bytes = length;
      return !rules->from_client || spend(&rules->streams, 1) ? 0 : PB_RULE_NEW_STREAMS;
    case FRAME_CONTINUATION:
      rules->block_bytes += length;
      rules->continuations++;
      return rules->continuations > MOST_CONTINUATIONS || rules->block_bytes > LONGEST_BLOCK ? PB_RULE_HEADER_BLOCK
                                                                                              : 0;
    case FRAME_RST_STREAM: return spend(&rules->resets, 1) ? 0 : PB_RULE_RESETS;
    case FRAME_GOAWAY: return ++rules->goaways > MOST_GOAWAYS ? PB_RULE_GOAWAYS : 0;
    case FRAME_WINDOW_UPDATE: return spend(&rules->windows, 1) ? 0 : PB_RULE_WINDOW_UPDATES;
    // Of no use to us: a large one counts as many.
    default: return spend(&rules->control, 1 + length / 1024) ? 0 : PB_RULE_CONTROL_FRAMES;
  }
}

int32_t pb_frame_rules_read(pb_frame_rules *rules, const uint8_t *bytes, size_t count, int64_t now) {
  if (rules->broken) return rules->broken;
  if (now - rules->refilled >= 1000000) {
    int64_t passed = now - rules->refilled;
    rules->refilled = now;
    refill(&rules->control, &control_pace, passed);
    refill(&rules->windows, &windows_pace, passed);
    refill(&rules->resets, &resets_pace, passed);
    refill(&rules->streams, &streams_pace, passed);
    refill(&rules->data, &data_pace, passed);
  }
  const uint8_t *end = bytes + count;
  if (rules->preface_left) {
    size_t skipped = count < rules->preface_left ? count : rules->preface_left;
    rules->preface_left -= (uint8_t)skipped;
    bytes += skipped;
  }
  while (bytes < end) {
    size_t left = (size_t)(end - bytes);
    if (rules->payload_left) {
      size_t skipped = left < rules->payload_left ? left : rules->payload_left;
      rules->payload_left -= (uint32_t)skipped;
      bytes += skipped;
      continue;
    }
    size_t wanted = (size_t)FRAME_HEADER_LENGTH - rules->header_count;
    size_t taken = left < wanted ? left : wanted;
    memcpy(rules->header + rules->header_count, bytes, taken);
    rules->header_count += (uint8_t)taken;
    bytes += taken;
    if (rules->header_count < FRAME_HEADER_LENGTH) break;
    rules->header_count = 0;
    rules->broken = look(rules);
    if (rules->broken) return rules->broken;
  }
  return 0;
}

const char *pb_frame_rule_text(int32_t rule) {
  switch (rule) {
    case PB_RULE_CONTROL_FRAMES: return "over 1,000 control, empty or unknown frames a second";
    case PB_RULE_WINDOW_UPDATES: return "over 50,000 WINDOW_UPDATE frames a second";
    case PB_RULE_RESETS: return "RPCs reset faster than a caller can";
    case PB_RULE_NEW_STREAMS: return "over 2,000 new RPCs a second";
    case PB_RULE_GOAWAYS: return "over 16 GOAWAY frames";
    case PB_RULE_HEADER_BLOCK: return "a header block of over 8 frames or 128 KB";
    case PB_RULE_DATA: return "more data than its windows allow: over 64 MB at once or 128 MB a second";
    default: return "nothing wrong";
  }
}
