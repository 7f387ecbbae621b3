/// The bounds that a message has to keep before any of it is decoded. Every bound is inclusive.
///
/// Protobuf itself bounds nothing, and the C library's decoder recurses as deep as a message says and takes up to 56
/// times a message's size in memory.
public struct WireLimits: Sendable, Hashable {
  /// Bytes of the message.
  public var messageBytes = 131_072
  /// Messages within messages, the outermost being level 1. `google.protobuf.Struct` counts apart.
  public var depth = 10
  /// Levels of `google.protobuf.Struct` and `ListValue` within one another, a field's `Struct` being level 1.
  public var structDepth = 16
  /// Fields of the message and of everything in it, unknown ones too; what is within a `Struct` counts apart.
  public var fields = 512
  /// Entries and list values of all `Struct`s of the message together.
  public var structEntries = 256
  /// Bytes of a string.
  public var textBytes = 16_384
  /// Bytes of a string whose field name ends in `_id` (or `_ids`).
  public var identifierBytes = 128
  /// Bytes of a `bytes` field.
  public var binaryBytes = 65_536
  /// Values of a repeated field in the message, by the field's name.
  public var values = ["additional_info": 32, "dtmf_events": 64]
  /// Values of a repeated field that ``values`` does not name.
  public var otherValues = 256
  /// Fields that hold what the flow designer wrote, by name. Of these a value over a bound is left out
  /// (``LeftOutValues``) instead of the message being refused: `fields` is an entry of an outermost `Struct`.
  public var free: Set<String> = []

  /// The bounds of what a bot sends.
  public init() {}

  /// The bounds of what a client sends to the server: 128 KiB, 512 fields, strings of 16 KiB, audio of 64 KiB.
  public static let request: WireLimits = {
    var limits = WireLimits()
    limits.free = ["vendor_specific_config", "additional_info", "name", "fields"]
    return limits
  }()

  /// The bounds of what a bot sends: as a request's, but nothing is left out.
  public static let bot = WireLimits()

  /// The bounds of what a server sends to our own clients: 4 MiB, of which one prompt may take all.
  public static let response: WireLimits = {
    var limits = WireLimits()
    limits.messageBytes = 4 << 20
    limits.fields = 16_384
    limits.structEntries = 1024
    limits.textBytes = 1 << 20
    limits.binaryBytes = 4 << 20
    limits.values = [:]
    limits.otherValues = 4096
    return limits
  }()

  /// Fields within `Struct`s: an entry takes four (the entry, key, value and kind); as many again for unusual encoders.
  var structFields: Int { structEntries * 8 }
}
