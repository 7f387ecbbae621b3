import CGRPC

/// Settings of the C core by their names (`grpc/impl/codegen/grpc_types.h`).
public struct ChannelArguments: Sendable, Hashable {
  /// A setting's value.
  public enum Value: Sendable, Hashable {
    /// A number, a length, a time in milliseconds, or 0 and 1.
    case integer(Int32)
    /// Text.
    case text(String)
  }

  /// The settings by name, `grpc.keepalive_time_ms`.
  public var values: [String: Value]

  /// Settings.
  public init(_ values: [String: Value] = [:]) { self.values = values }

  /// One integer setting.
  public subscript(name: String) -> Int32? {
    get {
      guard case .integer(let value) = values[name] else { return nil }
      return value
    }
    set { values[name] = newValue.map { .integer($0) } }
  }

  /// What a server that faces the Internet begins with.
  ///
  /// Compression is off, without a filter for it in each call, and a compressed message stays compressed, for the
  /// transport to refuse. Reading ahead is bounded; the pieces of one read too, for a stream that is not read keeps them.
  /// How many pieces there are follows what came before, and only the guard's rule on data bounds that. Beyond
  /// `max_metadata_size` the core ends the whole connection, so it is four times what an RPC may have. There is no resource
  /// quota: under pressure it cancels innocent calls. There is no connection age: it would cut live calls.
  public static let server = ChannelArguments([
    "grpc.max_concurrent_streams": .integer(1024),
    "grpc.max_metadata_size": .integer(65_536),
    "grpc.compression_enabled_algorithms_bitset": .integer(1),
    "grpc.per_message_compression": .integer(0),
    "grpc.per_message_decompression": .integer(0),
    "grpc.http2.lookahead_bytes": .integer(65_536),
    "grpc.http2.bdp_probe": .integer(0),
    "grpc.experimental.tcp_max_read_chunk_size": .integer(65_536),
    "grpc.http2.max_frame_size": .integer(16_384),
    "grpc.server_handshake_timeout_ms": .integer(5_000),
    "grpc.keepalive_time_ms": .integer(30_000),
    "grpc.keepalive_timeout_ms": .integer(10_000),
    "grpc.keepalive_permit_without_calls": .integer(0),
    // Its header calls it MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS; this is the name that this version reads.
    "grpc.http2.min_ping_interval_without_data_ms": .integer(10_000),
    "grpc.http2.max_ping_strikes": .integer(3),
    "grpc.max_connection_idle_ms": .integer(300_000),
    "grpc.so_reuseport": .integer(0),
    "grpc.enable_channelz": .integer(0),
    "grpc.max_channel_trace_event_memory_per_node": .integer(0),
  ])

  /// What a client begins with: a connection of its own, no proxy from the environment, no service configuration
  /// from DNS, no retries behind our back.
  public static let client = ChannelArguments([
    "grpc.max_metadata_size": .integer(16_384),
    "grpc.compression_enabled_algorithms_bitset": .integer(1),
    "grpc.per_message_decompression": .integer(0),
    "grpc.http2.bdp_probe": .integer(0),
    "grpc.use_local_subchannel_pool": .integer(1),
    "grpc.enable_http_proxy": .integer(0),
    "grpc.service_config_disable_resolution": .integer(1),
    "grpc.enable_retries": .integer(0),
    "grpc.enable_channelz": .integer(0),
    "grpc.max_channel_trace_event_memory_per_node": .integer(0),
  ])

  func withCore<R>(_ body: (OpaquePointer) throws -> R) rethrows -> R {
    guard let core = pb_arguments_create(values.count) else { fatalError("the C shim aborts when memory is out") }
    defer { pb_arguments_destroy(core) }
    for (name, value) in values {
      switch value {
      case .integer(let value): pb_arguments_add_integer(core, name, value)
      case .text(let value): pb_arguments_add_string(core, name, value)
      }
    }
    return try body(core)
  }
}
