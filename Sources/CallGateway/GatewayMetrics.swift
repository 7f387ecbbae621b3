import AudioCodecs
import BotEngine
import Metrics
import Synchronization
import WebexProtocol

/// What the operators see of the calls. Labels are bounded: no ids of callers or conversations.
final class GatewayMetrics: Sendable {
  let frames = Counter(label: "patchbay_audio_frames_total")
  let refusedAudio = Counter(label: "patchbay_audio_refused_total")
  let refusedMessages = Counter(label: "patchbay_messages_refused_total")
  let refusedPrompts = Counter(label: "patchbay_prompts_refused_total")
  let unknownEvents = Counter(label: "patchbay_unknown_events_total")
  let leftOutValues = Counter(label: "patchbay_flow_values_left_out_total")
  let unknownKeys = Counter(label: "patchbay_unknown_keys_total")
  let statusesBeforeHalfClose = Counter(label: "patchbay_statuses_before_half_close_total")
  let digitEntries = Counter(label: "patchbay_digit_entries_total")
  let shedForCPU = Counter(label: "patchbay_calls_shed_total", dimensions: [("reason", "cpu")])
  let shedForMemory = Counter(label: "patchbay_calls_shed_total", dimensions: [("reason", "memory")])
  let latencies = TurnLatencies()
  let callerLag = Timer(label: "patchbay_caller_lag_seconds")
  let medianLag = Meter(label: "patchbay_caller_lag_median_seconds")
  let p95Lag = Meter(label: "patchbay_caller_lag_p95_seconds")
  let overloaded = Meter(label: "patchbay_overloaded")
  private let live = Meter(label: "patchbay_conversations_live")
  private let started = Counter(label: "patchbay_conversations_started_total")
  private let stale = Counter(label: "patchbay_outputs_dropped_total", dimensions: [("reason", "interrupted")])
  private let late = Counter(label: "patchbay_outputs_dropped_total", dimensions: [("reason", "late")])
  private let overflowed = Counter(label: "patchbay_outputs_dropped_total", dimensions: [("reason", "overflow")])
  private let botAudio = Counter(label: "patchbay_bot_audio_dropped_total")
  private let botEvents = Counter(label: "patchbay_bot_events_dropped_total")
  private let answer = Timer(label: "patchbay_answer_seconds")
  private let length = Timer(label: "patchbay_conversation_seconds")

  private let junk = Counter(label: "patchbay_audio_junk_packets_total")
  private let contradictions = Counter(label: "patchbay_audio_header_contradictions_total")
  private let dangling = Counter(label: "patchbay_audio_dangling_bytes_total")

  /// What was left out of an RPC's audio.
  func heard(_ counts: CallerAudioDecoder.Counts) {
    if counts.junkPackets > 0 { junk.increment(by: counts.junkPackets) }
    if counts.contradictions > 0 { contradictions.increment(by: counts.contradictions) }
    if counts.danglingBytes > 0 { dangling.increment(by: counts.danglingBytes) }
  }

  private let startedCount = Atomic<Int>(0)
  private let refusedCount = Atomic<Int>(0)

  /// For the dashboard.
  var counts: [(name: String, value: Int)] {
    [
      ("conversations", startedCount.load(ordering: .relaxed)), ("answers", latencies.summary?.count ?? 0),
      ("calls refused", refusedCount.load(ordering: .relaxed)),
    ]
  }

  func conversationStarted() {
    started.increment()
    startedCount.add(1, ordering: .relaxed)
    live.increment()
  }

  func conversationEnded(_ end: CallEnd, after time: Duration) {
    live.decrement()
    Counter(label: "patchbay_conversations_ended_total", dimensions: [("reason", end.rawValue)]).increment()
    length.recordNanoseconds(time.nanoseconds)
  }

  /// From the end of the caller's turn to the first of the bot's answer.
  func answered(after time: Duration) {
    answer.recordNanoseconds(time.nanoseconds)
    latencies.record(time / .milliseconds(1))
  }

  func dropped(_ drops: ConversationStateMachine.Drops, botAudio count: Int, botEvents: Int) {
    if botEvents > 0 { self.botEvents.increment(by: botEvents) }
    if drops.staleOutputs > 0 { stale.increment(by: drops.staleOutputs) }
    if drops.lateOutputs > 0 { late.increment(by: drops.lateOutputs) }
    if drops.overflowedOutputs > 0 { overflowed.increment(by: drops.overflowedOutputs) }
    if count > 0 { botAudio.increment(by: count) }
  }

  /// A bot ran so far ahead of its call that a command was dropped.
  func commandDropped() { overflowed.increment() }

  /// A token was refused: by the check that failed.
  func refusedToken(_ check: String) {
    Counter(label: "patchbay_tokens_refused_total", dimensions: [("check", check)]).increment()
  }

  /// A call was refused: by the name of its status.
  func refused(_ status: String) {
    refusedCount.add(1, ordering: .relaxed)
    Counter(label: "patchbay_calls_refused_total", dimensions: [("status", status)]).increment()
  }
}

extension Duration {
  /// Whole nanoseconds, saturating.
  var nanoseconds: Int64 {
    let (seconds, overflow) = components.seconds.multipliedReportingOverflow(by: 1_000_000_000)
    if overflow { return components.seconds < 0 ? .min : .max }
    return seconds &+ components.attoseconds / 1_000_000_000
  }
}
