extension Rule {
  /// Rules that only the WebSocket wire has. Their sources: the published AsyncAPI schema, the developer portal, Cisco's
  /// connector guide and sample, and what was seen on the platform.
  static let ofSockets: [Rule] = [
    Rule(
      "socket.unauthorized", .security, "A bad token gets HTTP 401 before the upgrade.", "guide",
      "Anybody opens sockets; Webex does not learn that its token is wrong."),
    Rule(
      "socket.bearer", .noticed, "A token without `Bearer` before it gets HTTP 401.", "guide",
      "Calls go on: Webex always writes Bearer. Cisco's guide asks for the refusal."),
    Rule(
      "socket.envelope", .lost,
      "A message is a JSON object with type, seq, ts and conversation_id; a response has a payload.", "schema",
      "Webex cannot read the message; the agent's leg of the call ends."),
    Rule(
      "socket.time", .noticed, "ts is a time of RFC 3339.", "schema",
      "A strict client refuses the message."),
    Rule(
      "socket.sequence", .lost, "seq rises from message to message of the server; a PONG is apart.", "schema, guide",
      "Repeats and regressions are fatal: the agent's leg of the call ends."),
    Rule(
      "socket.conversation", .lost, "conversation_id of each message is the call's.", "schema",
      "The message is taken for another call's and is lost."),
    Rule(
      "socket.fields", .lost, "A message has only the fields of the schema, each of its type.",
      "schema (closed objects)",
      "A strict client refuses the message: gRPC's no_input_timeout_msec, for one."),
    Rule(
      "socket.prompts", .lost, "A prompt has text or audio_content_b64; audio_uri alone is none.", "schema",
      "Webex has nothing to play."),
    Rule(
      "socket.chunks-only", .noticed, "Audio comes in CHUNKs; the FINAL has none.", "developer portal, guide",
      "A whole file in a FINAL is legacy, and is played late or not at all."),
    Rule(
      "socket.text-frames", .lost, "Messages are text frames.", "guide",
      "Webex cannot read the message."),
    Rule(
      "socket.error-form", .noticed,
      "An ERROR has code, status and detail at its top level, a code of the list, and no payload.", "schema",
      "Nobody can tell why calls fail."),
    Rule(
      "socket.ping", .lost, "A JSON PING is answered with a PONG of its number within 5 s.", "developer portal, guide",
      "Webex may take the socket for dead and end the agent's leg."),
    Rule(
      "socket.ping-frames", .lost, "A ping of RFC 6455 is answered.", "RFC 6455",
      "Proxies and clients take the socket for dead and cut it off."),
    Rule(
      "socket.stays-open", .lost, "One socket carries all turns of a call: a FINAL does not close it.", "schema, guide",
      "Webex does not reconnect: the call loses its agent."),
    Rule(
      "socket.close", .noticed, "After SESSION_END the server closes with code 1000 within 5 s.", "developer portal",
      "Sockets of calls that are over gather on the server."),
    Rule(
      "socket.unknown-fields", .lost, "Unknown fields of a request are ignored.", "seen on the platform",
      "Calls fail as soon as the client sends a field more."),
    Rule(
      "socket.maps", .lost, "Maps may be objects or lists of key and value, and what is not stated may be null.",
      "seen on the platform",
      "Every call of the real client fails."),
    Rule(
      "socket.no-audio", .lost, "An audio message without audio is no error.", "schema",
      "Calls fail at random as they begin."),
    Rule(
      "socket.late-audio", .noticed, "Audio after a transfer is ignored until the client closes.",
      "seen on the platform",
      "The transfer looks like a failure."),
    Rule(
      "socket.number-repeated", .noticed,
      "A request whose seq does not rise ends the socket: ERROR bad_request, close code 1002.",
      "schema, seen on the platform",
      "Messages that were repeated or mixed up are played as if they were new."),
    Rule(
      "socket.malformed", .noticed, "What is no JSON ends the socket: ERROR bad_request, close code 1002.", "guide",
      "A client that is broken is not told."),
    Rule(
      "socket.binary", .noticed, "A binary frame ends the socket: ERROR bad_request, close code 1003.",
      "seen on the platform",
      "A client that is broken is not told."),
    Rule(
      "socket.media", .noticed,
      "Audio in Opus ends the socket: ERROR unsupported_media, close code 1003.",
      "guide",
      "The caller is not heard, and nobody knows why."),
    Rule(
      "socket.unknown-agent", .noticed,
      "A virtual_agent_id that nobody has ends the socket: ERROR bad_request 404, close code 1002.",
      "seen on the platform",
      "Callers reach another agent than the flow names."),
    Rule(
      "socket.conversation-fixed", .security,
      "Another conversation_id on the same socket ends it: ERROR bad_request, close code 1002.", "guide",
      "One caller's socket reaches another's conversation."),
    Rule(
      "socket.organization-fixed", .security, "Another customer_org_id on the same socket ends it.", "guide",
      "One customer reaches the calls of another."),
    Rule(
      "socket.second-socket", .noticed,
      "A second socket for a live conversation is refused: ERROR bad_request 409, close code 1002.", "guide, sample",
      "Two sockets speak for one caller."),
    Rule(
      "socket.first-socket-lives", .lost, "The first socket of a conversation goes on when a second is refused.",
      "guide",
      "Anybody with a token ends a call."),
    Rule(
      "socket.start-once", .noticed, "A second SESSION_START ends the socket: ERROR bad_request, close code 1002.",
      "seen on the platform",
      "The caller is greeted twice."),
    Rule(
      "socket.start-first", .noticed,
      "A first message other than SESSION_START ends the socket: ERROR bad_request, close code 1002.",
      "schema, seen on the platform",
      "A call without a beginning is served."),
    Rule(
      "socket.start-in-time", .noticed,
      "Without SESSION_START the socket ends within 20 s: ERROR timeout 408, close code 1008.", "seen on the platform",
      "Sockets that nobody uses gather on the server."),
    Rule(
      "socket.list-fields", .noticed, "The list's agents have id, name and description, and nothing else.",
      "schema (closed objects)",
      "A strict client refuses the list: gRPC's is_default, for one."),
    Rule(
      "socket.list-close", .noticed, "The list's socket is closed with 1000 or left to the client.",
      "developer portal, seen on the platform",
      "The flow designer shows an error beside the list."),
    Rule(
      "socket.list-unknown-fields", .lost, "Unknown fields of a list request are ignored.", "seen on the platform",
      "An administrator cannot choose the agent in the flow."),
    Rule(
      "socket.list-organization", .security,
      "A list request that names another organization than the token's gets no agents.", "guide",
      "One customer reads the agents of another."),
  ]
}
