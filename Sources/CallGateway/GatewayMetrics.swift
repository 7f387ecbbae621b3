import Basics
import AudioCodecs
import BotEngine
import Metrics
import TokenVerification
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
  /// What the dashboard shows of the same.
  let overview = CallOverview()
  let callerLag = Timer(label: "patchbay_caller_lag_seconds")
  let medianLag = Meter(label: "patchbay_caller_lag_median_seconds")
  let p95Lag = Meter(label: "patchbay_caller_lag_p95_seconds")
  let overloaded = Meter(label: "patchbay_overloaded")
  private let live = Meter(label: "patchbay_conversations_live")
  private let started = Counter(label: "patchbay_conversations_started_total")
  private let staleAudio = DroppedAudio(.interrupted)
  private let lateAudio = DroppedAudio(.late)
  private let resumedAudio = DroppedAudio(.resumed)
  private let overflowedAudio = DroppedAudio(.overflow)
  private let unfetchedAudio = DroppedAudio(.botQueue)
  private let stale = Counter(label: "patchbay_outputs_dropped_total", dimensions: [("reason", "interrupted")])
  private let late = Counter(label: "patchbay_outputs_dropped_total", dimensions: [("reason", "late")])
  private let resumed = Counter(label: "patchbay_outputs_dropped_total", dimensions: [("reason", "resumed")])
  private let overflowed = Counter(label: "patchbay_outputs_dropped_total", dimensions: [("reason", "overflow")])
  private let botEvents = Counter(label: "patchbay_bot_events_dropped_total")
  private let length = Timer(label: "patchbay_conversation_seconds")

  private let junk = Counter(label: "patchbay_audio_junk_packets_total")
  private let contradictions = Counter(label: "patchbay_audio_header_contradictions_total")
  private let dangling = Counter(label: "patchbay_audio_dangling_bytes_total")

  init() {
    // At 0 before the first: a monitor sees a counter grow only if it has seen it before.
    for check in TokenRefusal.Check.allCases.map(\.rawValue) + ["client-name", "retired"] { _ = refusedTokens(check) }
  }

  private func refusedTokens(_ check: String) -> Counter {
    Counter(label: "patchbay_tokens_refused_total", dimensions: [("check", check)])
  }

  /// What was left out of an RPC's audio.
  func heard(_ counts: CallerAudioDecoder.Counts) {
    if counts.junkPackets > 0 { junk.increment(by: counts.junkPackets) }
    if counts.contradictions > 0 { contradictions.increment(by: counts.contradictions) }
    if counts.danglingBytes > 0 { dangling.increment(by: counts.danglingBytes) }
  }

  func conversationStarted(_ status: SessionStatus, now: Duration) {
    started.increment()
    live.increment()
    overview.started(status, now: now)
  }

  /// A conversation is over; `failure` is how the bot failed, where that ended it.
  func conversationEnded(
    _ status: SessionStatus, _ end: CallEnd, failure: String?, after time: Duration, now: Duration
  ) {
    overview.ended(status, end, failure: failure, now: now)
    live.decrement()
    Counter(label: "patchbay_conversations_ended_total", dimensions: [("reason", end.rawValue)]).increment()
    length.recordNanoseconds(time.nanoseconds)
  }

  func dropped(_ drops: ConversationStateMachine.Drops, of events: CallerEvents) {
    if events.droppedEvents > 0 { botEvents.increment(by: events.droppedEvents) }
    if drops.staleOutputs > 0 { stale.increment(by: drops.staleOutputs) }
    if drops.lateOutputs > 0 { late.increment(by: drops.lateOutputs) }
    if drops.resumedOutputs > 0 { resumed.increment(by: drops.resumedOutputs) }
    if drops.overflowedOutputs > 0 { overflowed.increment(by: drops.overflowedOutputs) }
    staleAudio.add(milliseconds: drops.staleMilliseconds)
    lateAudio.add(milliseconds: drops.lateMilliseconds)
    resumedAudio.add(milliseconds: drops.resumedMilliseconds)
    overflowedAudio.add(milliseconds: drops.overflowedMilliseconds)
    unfetchedAudio.add(milliseconds: events.droppedMilliseconds)
  }

  /// A bot ran so far ahead of its call that a command was dropped.
  func dropped(_ command: BotCommand) {
    overflowed.increment()
    if case .audio(let audio) = command { overflowedAudio.add(milliseconds: audio.milliseconds) }
  }

  /// A token was refused: by the check that failed.
  func refusedToken(_ check: String) { refusedTokens(check).increment() }
}

/// Audio that one stage had no room for, or no use.
struct DroppedAudio {
  enum Stage: String {
    /// Callers' audio that the bot did not fetch in time.
    case botQueue = "bot_queue"
    /// A bot's audio: its turn had been interrupted, it had taken its leave, the caller went on, there was no room.
    case interrupted, late, resumed, overflow
  }

  private let seconds: FloatingPointCounter

  init(_ stage: Stage) {
    seconds = FloatingPointCounter(
      label: "patchbay_audio_dropped_seconds_total", dimensions: [("stage", stage.rawValue)])
  }

  func add(milliseconds: Int) { if milliseconds > 0 { seconds.increment(by: Double(milliseconds) / 1_000) } }
}
