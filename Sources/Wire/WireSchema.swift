import CProtobufC

/// What a scan has to know of a message type and of all types within it: protobuf-c's own descriptors, with the limits
/// that apply to each field, flattened into two arrays. Made once for a message type.
package final class WireSchema: Sendable {
  /// A field's values on the wire.
  enum Kind: UInt8 {
    case varint
    case fixed64
    case fixed32
    case text
    case identifier
    case binary
    case message
  }

  struct Field {
    var number: UInt32
    var kind: Kind
    /// Whether values may also come as one length-delimited run of varints or fixed-size numbers.
    var isPackable: Bool
    /// A message field that is not repeated: a second occurrence is merged into the first.
    var isMerged: Bool
    /// Tells the oneofs of a message type apart; -1 for a field that is no member of one.
    var oneof: Int
    /// Most bytes of a string or of bytes.
    var limit: Int
    /// Index of the counter of a repeated field's values, or -1.
    var counter: Int
    /// Index of the type of a message field, or -1.
    var message: Int
    /// Whether a value over a bound may be left out.
    var isFree: Bool

    /// Whether values of the field come with this wire type.
    func takes(_ wireType: UInt8) -> Bool {
      switch kind {
      case .varint: wireType == 0 || wireType == 2 && isPackable
      case .fixed64: wireType == 1 || wireType == 2 && isPackable
      case .fixed32: wireType == 5 || wireType == 2 && isPackable
      case .text, .identifier, .binary, .message: wireType == 2
      }
    }
  }

  struct Message {
    var firstField: Int
    var fieldCount: Int
    /// Whether the fields are numbered 1, 2, 3 …, so that a number is an index.
    var isDense: Bool
    var nesting: Nesting
  }

  /// How a message type counts as a level of depth.
  enum Nesting {
    /// Like any message.
    case message
    /// `google.protobuf.Struct` and `ListValue`.
    case structure
    /// The parts of a `Struct`: its entries and values.
    case structurePart
  }

  let limits: WireLimits
  let fields: [Field]
  /// The type itself is the first.
  let messages: [Message]
  let counterLimits: [Int]
  /// The fields' names, for errors only.
  let names: [String]
  /// For the unpacking. The descriptors are constants of the program and are never written.
  nonisolated(unsafe) let descriptor: UnsafePointer<ProtobufCMessageDescriptor>

  /// A schema for a message type. The descriptor has to be one that protoc-c generated: it must live as long as the
  /// program.
  init(_ descriptor: UnsafePointer<ProtobufCMessageDescriptor>, limits: WireLimits) {
    var table = Table(limits: limits)
    table.add(descriptor)
    self.descriptor = descriptor
    self.limits = limits
    fields = table.fields
    messages = table.messages
    counterLimits = table.counterLimits
    names = table.names
  }

  /// The schema of a generated message type, found by its `…__init` function.
  package convenience init<Message>(_ initialize: (UnsafeMutablePointer<Message>?) -> Void, limits: WireLimits) {
    self.init(Self.descriptor(initialize), limits: limits)
  }

  /// The descriptor of a generated message type. Swift can take no address of a C constant, but every message that was
  /// initialized points at it.
  static func descriptor<Message>(
    _ initialize: (UnsafeMutablePointer<Message>?) -> Void
  ) -> UnsafePointer<ProtobufCMessageDescriptor> {
    withUnsafeTemporaryAllocation(of: Message.self, capacity: 1) { message in
      initialize(message.baseAddress)
      // Every generated struct begins with a ProtobufCMessage.
      return UnsafeRawBufferPointer(message).load(as: ProtobufCMessage.self).descriptor
    }
  }
}

extension WireSchema {
  private struct Table {
    let limits: WireLimits
    var fields: [Field] = []
    var messages: [Message] = []
    var counterLimits: [Int] = []
    var names: [String] = []
    var indices: [UnsafePointer<ProtobufCMessageDescriptor>: Int] = [:]
    var structCounter: Int?

    init(limits: WireLimits) { self.limits = limits }

    /// Adds a type and the types within it; returns its index.
    @discardableResult
    mutating func add(_ descriptor: UnsafePointer<ProtobufCMessageDescriptor>) -> Int {
      if let index = indices[descriptor] { return index }
      let index = messages.count
      indices[descriptor] = index
      let descriptors = UnsafeBufferPointer(start: descriptor.pointee.fields, count: Int(descriptor.pointee.n_fields))
      let nesting = Self.nesting(String(cString: descriptor.pointee.name))
      let firstField = fields.count
      messages.append(
        Message(
          firstField: firstField, fieldCount: descriptors.count,
          isDense: descriptors.enumerated().allSatisfy { Int($1.id) == $0 + 1 }, nesting: nesting))
      for field in descriptors {
        names.append(String(cString: field.name))
        fields.append(self.field(field, nesting: nesting))
      }
      for (offset, field) in descriptors.enumerated() where field.type == PROTOBUF_C_TYPE_MESSAGE {
        guard let type = field.descriptor?.assumingMemoryBound(to: ProtobufCMessageDescriptor.self) else { continue }
        fields[firstField + offset].message = add(type)
      }
      return index
    }

    private mutating func field(_ field: ProtobufCFieldDescriptor, nesting: Nesting) -> Field {
      let name = String(cString: field.name)
      let isRepeated = field.label == PROTOBUF_C_LABEL_REPEATED
      let kind = Self.kind(field.type, name: name)
      let limit =
        switch kind {
        case .text: limits.textBytes
        case .identifier: limits.identifierBytes
        case .binary: limits.binaryBytes
        case .varint, .fixed64, .fixed32, .message: 0
        }
      let isNumber = kind == .varint || kind == .fixed64 || kind == .fixed32
      return Field(
        number: field.id, kind: kind, isPackable: isRepeated && isNumber, isMerged: kind == .message && !isRepeated,
        oneof: field.flags & PROTOBUF_C_FIELD_FLAG_ONEOF.rawValue != 0 ? Int(field.quantifier_offset) : -1,
        limit: limit,
        counter: isRepeated ? counter(name, nesting: nesting) : -1, message: -1, isFree: limits.free.contains(name))
    }

    private mutating func counter(_ name: String, nesting: Nesting) -> Int {
      if nesting == .structure, let structCounter { return structCounter }
      let limit = nesting == .structure ? limits.structEntries : limits.values[name] ?? limits.otherValues
      counterLimits.append(limit)
      if nesting == .structure { structCounter = counterLimits.count - 1 }
      return counterLimits.count - 1
    }

    private static func kind(_ type: ProtobufCType, name: String) -> Kind {
      switch type {
      case PROTOBUF_C_TYPE_STRING: name.hasSuffix("_id") || name.hasSuffix("_ids") ? .identifier : .text
      case PROTOBUF_C_TYPE_BYTES: .binary
      case PROTOBUF_C_TYPE_MESSAGE: .message
      case PROTOBUF_C_TYPE_DOUBLE, PROTOBUF_C_TYPE_FIXED64, PROTOBUF_C_TYPE_SFIXED64: .fixed64
      case PROTOBUF_C_TYPE_FLOAT, PROTOBUF_C_TYPE_FIXED32, PROTOBUF_C_TYPE_SFIXED32: .fixed32
      default: .varint
      }
    }

    private static func nesting(_ name: String) -> Nesting {
      switch name {
      case "google.protobuf.Struct", "google.protobuf.ListValue": .structure
      case "google.protobuf.Struct.FieldsEntry", "google.protobuf.Value": .structurePart
      default: .message
      }
    }
  }
}
