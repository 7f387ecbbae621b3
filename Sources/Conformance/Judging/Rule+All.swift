extension Rule {
  /// All rules, in the order of reports. "Wire 5" is the section of Docs/wire.md, which says what Cisco documents and what
  /// was seen on the platform.
  public static let all = ofCalls + ofSockets

  private static let ofCalls: [Rule] = [
    Rule(
      "greeting.answered", .lost, "SESSION_START is answered with one FINAL within 10 s.", "Wire 3",
      "Webex waits, then takes the error path of the flow."),
    Rule(
      "rpc.status", .lost, "Each RPC ends with the status OK.", "Wire 3",
      "Webex takes the RPC for failed and leaves the virtual agent."),
    Rule(
      "rpc.completes", .lost, "Each RPC is completed within 5 s of its answer and the client's half-close.", "Wire 3",
      "The RPC stays open until a timeout, and the call counts as failed."),
    Rule(
      "rpc.readable", .lost, "Each response is a VoiceVAResponse of the schema.", "voice_virtual_agent.proto",
      "Webex cannot read the response and ends the call's activity."),
    Rule(
      "rpc.empty-ends", .noticed, "An RPC that is half-closed without a message ends within 5 s.", "Wire 3",
      "RPCs that nobody uses gather on the server."),
    Rule(
      "turn.start", .lost, "Speech is announced with START_OF_INPUT.", "Wire 5",
      "Prompts are not interrupted, and the caller talks to nobody."),
    Rule(
      "turn.start-in-time", .noticed, "START_OF_INPUT comes within 1 s of the first sound.", "Wire 5",
      "The caller talks over a prompt that goes on."),
    Rule(
      "turn.start-once", .noticed, "START_OF_INPUT comes once in a turn.", "Wire 5", "Prompts are cut a second time."),
    Rule(
      "turn.start-is-final", .lost, "START_OF_INPUT has the response type FINAL.", "Wire 5",
      "As CHUNK it stops the caller's audio: the server hears nothing more."),
    Rule(
      "turn.no-false-start", .noticed, "Silence is not announced as speech.", "Wire 4",
      "Prompts are cut though nobody speaks."),
    Rule(
      "turn.end", .lost, "The end of speech is announced with END_OF_INPUT.", "Wire 5",
      "Webex goes on streaming audio and never plays the answer."),
    Rule(
      "turn.end-in-time", .noticed, "END_OF_INPUT comes within 3 s of the end of speech.", "Wire 5",
      "The caller waits in silence, and begins anew."),
    Rule(
      "turn.end-not-early", .noticed, "END_OF_INPUT does not come while the caller speaks.", "Wire 5",
      "Webex stops the audio in the middle of a sentence."),
    Rule("turn.end-once", .noticed, "END_OF_INPUT comes once in a turn.", "Wire 5", "The next turn is cut off."),
    Rule(
      "turn.start-before-end", .noticed, "END_OF_INPUT follows START_OF_INPUT.", "Wire 5",
      "Prompts are not interrupted before the turn ends."),
    Rule(
      "turn.answered", .lost, "A spoken turn is answered within 10 s of its end.", "Wire 3",
      "The caller hears nothing, and Webex takes the error path."),
    Rule(
      "answer.one-final", .lost, "An RPC has one FINAL with an answer.", "Wire 6",
      "Webex takes the first; the rest is lost or ends the activity."),
    Rule("answer.final-is-last", .noticed, "No CHUNK follows the FINAL.", "Wire 6", "What comes late is not played."),
    Rule(
      "answer.mode-kept", .lost, "A call has answers in WAV mode or in CHUNK mode, not both.", "Wire 6",
      "Webex plays noise or nothing."),
    Rule(
      "answer.input-mode", .lost, "An answer that goes on carries input_mode and input_handling_config.", "Wire 6",
      "Webex does not collect the caller's next input."),
    Rule(
      "prompt.wav", .lost, "A prompt in a FINAL is a complete WAV file, 16-bit linear or mu-law.", "Wire 6",
      "Webex cannot play the prompt."),
    Rule(
      "prompt.audio-or-text", .noticed, "A prompt has audio or text, not both.", "Wire 6",
      "Webex may speak the text beside the audio."),
    Rule(
      "chunk.size", .lost, "A chunk has 100 to 65,536 bytes.", "Wire 6", "Webex refuses the chunk."),
    Rule("chunk.raw", .noticed, "A chunk is raw mu-law without a header.", "Wire 6", "The header is heard as noise."),
    Rule(
      "chunk.closing-final", .lost, "After chunks the FINAL has one prompt whose audio is present and empty.", "Wire 6",
      "Webex waits for the end of the prompt, and does not listen."),
    Rule(
      "dtmf.start-completes", .lost, "START_OF_DTMF ends with OK.", "Wire 3", "Webex gives the entry up."),
    Rule(
      "dtmf.start-silent", .noticed, "START_OF_DTMF has no answer of its own.", "Wire 3",
      "The answer is taken for that of the digits."),
    Rule("dtmf.answered", .lost, "Digits are answered within 10 s.", "Wire 3", "The caller keys and hears nothing."),
    Rule(
      "no-input.answered", .lost, "NO_INPUT is answered within 10 s.", "Wire 3", "The caller is left in silence."),
    Rule(
      "no-input.asks-again", .lost, "The first NO_INPUT is answered with a question, not with the end.", "Wire 6",
      "The activity ends because the caller hesitated."),
    Rule(
      "event.answered", .lost, "CUSTOM_EVENT is answered within 10 s.", "Wire 3", "The flow waits, then fails."),
    Rule(
      "barge-in.old-audio", .noticed, "At most 1 s of the interrupted answer follows START_OF_INPUT.", "Wire 3",
      "It delays the answer to the interruption."),
    Rule(
      "overlap.accepted", .lost, "A second RPC of a conversation is served while the first is open.", "Wire 3",
      "A caller who interrupts loses the call."),
    Rule(
      "cancel.survived", .lost, "A conversation goes on after one of its RPCs was cancelled.", "Wire 3",
      "A short break of the network costs the call."),
    Rule(
      "resume.accepted", .lost, "An RPC of an unknown conversation is served.", "Wire 3",
      "After a restart of the server, or if RPCs overtake one another, calls are lost."),
    Rule(
      "start.repeated", .lost, "A repeated SESSION_START ends with OK.", "Wire 3", "A second attempt costs the call."),
    Rule(
      "conversation.any-id", .lost, "Conversation ids of 5 and of 64 characters are served as those of 36.", "Wire 3",
      "Calls with other ids are refused."),
    Rule(
      "audio.junk", .lost, "Packets of 1 to 15 bytes before the audio are neither an error nor speech.",
      "Wire 4 (seen on the platform)", "Calls fail at random as they begin."),
    Rule(
      "audio.unstated", .lost, "Audio without a stated encoding and rate is heard as mu-law at 8,000 Hz.",
      "Wire 4 (seen on the platform)", "The caller is not heard."),
    Rule(
      "audio.stated-once", .lost, "Format stated in a first message without audio holds for the RPC.",
      "Wire 4 (seen on the platform)", "The caller is not heard."),
    Rule(
      "audio.any-cut", .lost, "Audio in messages of 700 bytes is heard as that of 160.", "Wire 4",
      "The caller is not heard."),
    Rule(
      "audio.huge", .lost, "A message of 5 MB costs its own RPC at most.", "gRPC", "One client harms all others."),
    Rule("transfer.event", .lost, "A transfer is a FINAL with TRANSFER_TO_AGENT.", "Wire 3", "Nobody takes the call."),
    Rule("end.event", .lost, "An end is a FINAL with SESSION_END.", "Wire 3", "The call is not ended."),
    Rule(
      "end.no-input-mode", .lost, "An answer that ends or transfers carries no input_mode.",
      "Wire 6 (seen on the platform)", "Webex collects input instead of ending."),
    Rule(
      "end.not-bargeable", .noticed, "An announcement before the end cannot be interrupted.", "Wire 6",
      "The caller cuts it by a word."),
    Rule(
      "end.completes", .lost, "The RPC is completed within 5 s of the answer that ends the call.", "Wire 3",
      "The caller waits for the transfer."),
    Rule(
      "hang-up.completes", .noticed, "SESSION_END is answered and ends with OK within 5 s.", "Wire 3",
      "Hang-ups count as failed calls."),
    Rule(
      "agent.unknown", .noticed, "A virtual_agent_id that nobody has is NOT_FOUND.", "Wire 3",
      "Callers reach another agent than the flow names."),
    Rule(
      "agent.list", .lost, "ListVirtualAgents gives agents with ids that differ, and one default at most.", "Wire 2",
      "An administrator cannot choose the agent in the flow."),
    Rule("agent.list-guarded", .security, "The list needs a token.", "Wire 9", "Anybody reads the agents' names."),
    Rule(
      "token.missing", .security, "A call without a token is UNAUTHENTICATED.", "Wire 9", "Anybody calls the bot."),
    Rule("token.garbage", .security, "A word that is no token is UNAUTHENTICATED.", "Wire 9", "Anybody calls the bot."),
    Rule(
      "token.signature", .security, "A token whose signature was changed is UNAUTHENTICATED.", "Wire 9",
      "Anybody makes a token."),
    Rule(
      "token.unsigned", .security, "A token with `alg: none` is UNAUTHENTICATED.", "Wire 9", "Anybody makes a token."),
    Rule(
      "token.forged", .security, "A token of the same content that another key signed is UNAUTHENTICATED.", "Wire 9",
      "Anybody makes a token."),
    Rule(
      "token.expired", .security, "A token that has ended is UNAUTHENTICATED.", "Wire 9",
      "A stolen token works for ever."),
    Rule(
      "token.url", .security, "A token of another data source's URL is UNAUTHENTICATED.", "Wire 9",
      "Another server's operator calls the bot."),
    Rule(
      "token.schema", .security, "A token of another schema is UNAUTHENTICATED.", "Wire 9",
      "A service for recordings reaches the virtual agent."),
    Rule(
      "token.organization", .security, "A message that names another organization than the token's is refused.",
      "Wire 3", "One customer reaches the calls of another."),
    Rule(
      "token.bare", .lost, "A token without `Bearer` before it is accepted.", "Wire 2", "Calls are refused."),
    Rule(
      "tenants.apart", .security, "The same conversation id of two organizations is two conversations.", "Wire 3",
      "One customer's caller hears another's call."),
    Rule(
      "health.check", .lost, "A health service answers SERVING without a token.", "Wire 1",
      "Webex and load balancers take the server for down."),
    Rule(
      "method.unknown", .noticed, "A method that is not there is UNIMPLEMENTED.", "gRPC",
      "Clients cannot tell an old server from a broken one."),
  ]
}
