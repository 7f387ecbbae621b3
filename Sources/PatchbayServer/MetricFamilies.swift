import Telemetry

/// Every metric of the server, as it is exposed; Docs/metrics.md has the same for people. Those whose value is asked for
/// when the metrics are read say what they mean where they are made.
enum MetricFamilies {
  static let all: [MetricFamily] = [
    .counter(
      "patchbay_admin_connections_crowded_out_total",
      "Connections to the admin port that made room for others."),
    .gauge("patchbay_agents", "Virtual agents in force."),
    .histogram(
      "patchbay_answer_seconds",
      "From the decision that the caller's turn is over to the first output of the bot's answer.", by: ["agent"]),
    .counter("patchbay_audio_dangling_bytes_total", "Bytes of half a sample at the end of an RPC's audio."),
    .counter(
      "patchbay_audio_dropped_seconds_total",
      "Audio that was dropped, by the stage that had no room for it or no use.", by: ["stage"]),
    .counter("patchbay_audio_frames_total", "Messages with audio that callers sent."),
    .counter(
      "patchbay_audio_header_contradictions_total",
      "WAV headers in callers' audio that differ from what the message says."),
    .counter(
      "patchbay_audio_junk_packets_total",
      "Packets of at most 15 bytes at the start of a call, which are not heard."),
    .counter("patchbay_audio_refused_total", "Messages of callers whose audio was refused."),
    .histogram(
      "patchbay_barge_in_stop_seconds",
      "From the first sound of a caller who interrupts to the end of the bot's output.", by: ["agent"]),
    .counter("patchbay_bot_audio_unread_total", "Pieces of callers' audio that a remote bot was too slow to read."),
    .gauge(
      "patchbay_bot_breaker_open",
      "1 while calls are kept away from an agent's bot, which keeps failing.", by: ["agent"]),
    .counter("patchbay_bot_breaker_openings_total", "Times that an agent's bot began to be left alone.", by: ["agent"]),
    .counter(
      "patchbay_bot_calls_kept_away_total",
      "Calls that did not ask an agent's bot, since it keeps failing.", by: ["agent"]),
    .counter("patchbay_bot_events_dropped_total", "Events of calls that a bot was too slow to read."),
    .counter("patchbay_bot_failures_total", "Failures of bots, by agent and kind.", by: ["agent", "kind"]),
    .histogram(
      "patchbay_bot_first_audio_seconds",
      "From the caller's turn being handed to the bot to its first speech.", by: ["agent"]),
    .counter("patchbay_bot_messages_ignored_total", "Messages of bots that mean nothing to the server."),
    .gauge(
      "patchbay_caller_lag_median_seconds",
      "The lag that half of the live calls do not exceed, in the last 250 ms."),
    .gauge("patchbay_caller_lag_p95_seconds", "The lag that 95 of 100 live calls do not exceed, in the last 250 ms."),
    .histogram(
      "patchbay_caller_lag_seconds",
      "How far the audio of live calls is behind real time since their RPC began; each call once a second."),
    .histogram(
      "patchbay_caller_wait_seconds",
      "From the caller's last sound to the first output of the bot's answer: what callers wait.", by: ["agent"]),
    .counter(
      "patchbay_calls_shed_total",
      "New calls refused because the server was short of CPU or memory.", by: ["reason"]),
    .gauge(
      "patchbay_certificate_files_refused",
      "1 while a listener's new certificate files are refused.", by: ["listener"]),
    .gauge(
      "patchbay_certificate_seconds_left",
      "Until a listener's certificate ends; below 0 it has ended.", by: ["listener"]),
    .gauge("patchbay_configuration_file_refused", "1 while the configuration's file is not what is in force."),
    .gauge("patchbay_configuration_loaded_timestamp_seconds", "When the configuration in force was read, since 1970."),
    .counter(
      "patchbay_configuration_reloads_total",
      "Times that the configuration was read again, by result.", by: ["result"]),
    .gauge("patchbay_connections", "Open connections to the gRPC port."),
    .counter("patchbay_connections_closed_total", "Connections closed for what they sent, by reason.", by: ["reason"]),
    .counter("patchbay_connections_refused_total", "Connections refused before TLS, by reason.", by: ["reason"]),
    .histogram("patchbay_conversation_seconds", "How long conversations lasted.", bounds: lengths),
    .counter("patchbay_conversations_ended_total", "Conversations that ended, by reason.", by: ["reason"]),
    .counter(
      "patchbay_conversations_fenced_total",
      "Conversations that ended here because another server of the cluster has them."),
    .counter(
      "patchbay_conversations_handed_over_total",
      "Conversations that this server, which ends, left to another one between two turns."),
    .gauge("patchbay_conversations_live", "Conversations that are live."),
    .counter("patchbay_conversations_started_total", "Conversations that started."),
    .counter(
      "patchbay_conversations_unowned_total",
      "Conversations that started while Redis did not answer, so that no other server knows of them."),
    .counter(
      "patchbay_datasource_changes_total",
      "Changes of registrations with Webex.", by: ["tenant", "schema", "change"]),
    .counter(
      "patchbay_datasource_failures_total",
      "Failed attempts at a registration with Webex, by reason.", by: ["tenant", "schema", "reason"]),
    .gauge("patchbay_datasource_lease_held", "1 while this server looks after the registrations."),
    .gauge(
      "patchbay_datasource_notice_seconds",
      "With fewer seconds left, the renewal of a registration is long overdue; half an hour for a life of a day.",
      by: ["tenant", "schema"]),
    .gauge(
      "patchbay_datasource_seconds_left",
      "Until the token of a registration ends; 0 where it has ended.", by: ["tenant", "schema"]),
    .counter("patchbay_digit_entries_total", "Entries of digits that were handed to bots."),
    .counter(
      "patchbay_eager_answers_total",
      "Answers that bots prepared while the turn might be over: held, used, dropped.", by: ["agent", "outcome"]),
    .counter("patchbay_fillers_total", "Fillers that callers heard while bots thought.", by: ["agent", "reason"]),
    .counter("patchbay_flow_values_left_out_total", "Values of flows beyond their bounds, which bots did not get."),
    .gauge("patchbay_key_set_age_seconds", "Since an issuer's keys were fetched.", by: ["issuer"]),
    .gauge("patchbay_key_set_dropped_keys", "Keys of an issuer's key set that cannot be used.", by: ["issuer"]),
    .counter("patchbay_key_set_fetch_failures_total", "Fetches of an issuer's keys that failed.", by: ["issuer"]),
    .counter("patchbay_key_set_fetches_total", "Fetches of an issuer's keys.", by: ["issuer"]),
    .gauge("patchbay_key_set_keys", "Usable keys of an issuer.", by: ["issuer"]),
    .gauge(
      "patchbay_loop_sleepless_ratio",
      "The part of the last 250 ms in which the loop never slept; 1 where it has more to do than it can.",
      by: ["loop"]),
    .counter("patchbay_media_audio_refused_total", "Pieces of received audio in a wrong format."),
    .counter(
      "patchbay_media_dropped_total",
      "Audio, video and events that a receiver was too slow to read.", by: ["receiver", "what"]),
    .counter("patchbay_media_frames_total", "Packets of audio that were received."),
    .counter("patchbay_media_packets_damaged_total", "Packets of meetings' audio that cannot be decoded."),
    .counter("patchbay_media_packets_late_total", "Packets of meetings that came too late."),
    .counter("patchbay_media_packets_lost_total", "Packets of meetings that never came."),
    .counter(
      "patchbay_media_packets_recovered_total",
      "Lost packets of meetings' audio that error correction brought back."),
    .counter("patchbay_media_packets_reordered_total", "Packets of meetings that came out of order."),
    .counter("patchbay_media_receiver_failures_total", "Failures of receivers.", by: ["receiver"]),
    .counter("patchbay_media_repeated_samples_total", "Samples of forked conversations that came twice."),
    .counter("patchbay_media_reported_errors_total", "Errors that meetings reported."),
    .counter(
      "patchbay_media_sessions_ended_total",
      "Forked conversations and meetings that ended, by kind and reason.", by: ["kind", "reason"]),
    .gauge("patchbay_media_sessions_live", "Forked conversations and meetings that are live.", by: ["kind"]),
    .counter("patchbay_media_sessions_started_total", "Forked conversations and meetings that started.", by: ["kind"]),
    .counter("patchbay_media_video_frames_total", "Packets of video that were received."),
    .counter("patchbay_messages_refused_total", "Messages that were refused."),
    .counter("patchbay_outputs_dropped_total", "Outputs of bots that callers did not get, by reason.", by: ["reason"]),
    .gauge("patchbay_overloaded", "1 while new calls are refused because live ones are heard late."),
    .counter(
      "patchbay_ownership_claims_total",
      "Questions to Redis who has a conversation, by the answer: own, other, adopted, nobody, failed.",
      by: ["result"]),
    .gauge("patchbay_ownership_store_reachable", "1 while Redis answers in time which server has a conversation."),
    .counter(
      "patchbay_process_pauses_total",
      "Times that the process stood still for longer than its lease, and looked up what it still has."),
    .counter(
      "patchbay_prompt_pauses_total", "Prompts that speech paused, by what ended the pause.", by: ["agent", "end"]),
    .counter("patchbay_prompts_refused_total", "Prompts of bots that cannot be played."),
    .counter("patchbay_received_audio_seconds_total", "Audio that a counting receiver got.", by: ["receiver"]),
    .counter(
      "patchbay_received_concealed_seconds_total",
      "Audio that a counting receiver got in place of lost packets.", by: ["receiver"]),
    .counter("patchbay_received_video_bytes_total", "Bytes of video that a counting receiver got.", by: ["receiver"]),
    .counter("patchbay_received_video_frames_total", "Frames of video that a counting receiver got.", by: ["receiver"]),
    .counter("patchbay_recording_participants_left_out_total", "Participants of sessions who are not recorded."),
    .counter("patchbay_recordings_deleted_total", "Recordings deleted at the end of their time."),
    .counter("patchbay_recordings_total", "Recordings, by state.", by: ["state"]),
    .histogram("patchbay_redis_command_seconds", "From a command to Redis to its answer in time."),
    .counter(
      "patchbay_redis_commands_total",
      "Commands to Redis, by result: answered, refused, timeout; not sent: full, unreachable; lost meanwhile.",
      by: ["result"]),
    .gauge("patchbay_redis_connected", "1 while Redis is connected, 0 while it is not."),
    .counter("patchbay_redis_connections_total", "Times that Redis was connected."),
    .counter("patchbay_redis_late_answers_total", "Answers of Redis to commands whose time was over."),
    .counter(
      "patchbay_replica_exchanges_total",
      "Exchanges with the other servers over Redis: done, and commands of them that failed.", by: ["result"]),
    .gauge("patchbay_replicas", "Servers of the cluster that live, with this one; 1 while Redis does not answer."),
    .histogram(
      "patchbay_relay_acceptance_seconds",
      "From handing an RPC on to the word of the conversation's server that it accepts it.", bounds: relays),
    .counter(
      "patchbay_relay_failures_total",
      "RPCs that the conversation's server did not accept, or whose connection was lost later, by reason.",
      by: ["reason"]),
    .counter(
      "patchbay_relayed_rpcs_total",
      "RPCs that were handed on to the conversation's server (out), or came from another (in).", by: ["direction"]),
    .counter(
      "patchbay_relays_refused_total", "RPCs of other servers that were not accepted, by reason.", by: ["reason"]),
    .gauge("patchbay_revocations", "Revoked tokens' nonces in force."),
    .counter(
      "patchbay_rpcs_handed_over_total",
      "RPCs that were served without Redis' word, and went to the conversation's server when that was found."),
    .counter(
      "patchbay_rpcs_total",
      "RPCs that ended, by method and gRPC status; CANCELLED where the client went.", by: ["method", "status"]),
    .gauge("patchbay_shared_limits_in_force", "1 while the other servers' calls count towards tenants' limits."),
    .counter(
      "patchbay_spans_dropped_total",
      "Spans of traces that were not exported: full, refused by the receiver, unsent at the end.", by: ["reason"]),
    .counter("patchbay_spans_exported_total", "Spans of traces that the receiver has."),
    .counter("patchbay_statuses_before_half_close_total", "Statuses sent to callers that had not half-closed in time."),
    .gauge("patchbay_tenants", "Tenants in force."),
    .counter(
      "patchbay_tls_handshakes_failed_total",
      "TLS handshakes at the ports of HTTP that came to nothing, by reason.", by: ["listener", "reason"]),
    .counter("patchbay_tokens_refused_total", "Tokens that were refused, by the check that failed.", by: ["check"]),
    .counter(
      "patchbay_turns_total",
      "Turns of callers, by what they were: start, speech, digits, no_input, event.", by: ["agent", "kind"]),
    .counter("patchbay_unknown_events_total", "Input events of kinds that the server does not know."),
    .counter("patchbay_unknown_keys_total", "Digits of kinds that the server does not know."),
  ]

  /// From a quarter of a millisecond to a second.
  private static let relays: [Double] = [0.00025, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.025, 0.05, 0.25, 1]

  /// From a second to an hour.
  private static let lengths: [Double] = [1, 5, 10, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600]
}
