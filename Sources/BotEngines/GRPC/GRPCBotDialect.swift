import BotEngine

/// What is said on the RPC of a `grpc` bot. On its loop only.
final class GRPCBotDialect: BotDialect {
  private let call: BotCall
  private var encoder: ServerMessageEncoder
  private let decoder = BotStreamDecoder()

  init(call: BotCall, encoder: ServerMessageEncoder) {
    self.call = call
    self.encoder = encoder
  }

  var opening: [UInt8]? { encoder.hello(call.info) }

  func message(for event: EagerEvent, turn: Int) -> [UInt8]? {
    switch event {
    case .caller(let event): encoder.event(event, turn: turn)
    case .turn(let event): encoder.event(event, turn: turn)
    }
  }

  func received(_ bytes: UnsafeRawBufferPointer) throws(BotFailure) {
    switch try decoder.decode(bytes) {
    case .welcome(let version):
      guard version <= Int(ServerMessageEncoder.version) else {
        throw BotFailure(
          .refused, "it speaks version \(version) of the interface; this is \(ServerMessageEncoder.version)")
      }
    case .command(let command, let turn):
      // A turn that is not there yet would outlive every interruption.
      let latest = call.turn
      call.send(command, turn: min(turn ?? latest, latest))
    case .unknown: break
    }
  }
}
