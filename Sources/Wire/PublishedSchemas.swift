// Only this target imports the C code; what speaks its messages imports this one.
@_exported public import CProtobufC
@_exported public import CWebexSchemas

/// The schemas of the services that the server speaks, as they are published.
public enum PublishedSchemas {
  /// A serialized `google.protobuf.FileDescriptorSet` for each file of `Protos/`.
  public static var descriptorSets: [[UInt8]] {
    var sets: [[UInt8]] = []
    while let set = patchbay_descriptor_set(sets.count) {
      sets.append(Array(UnsafeBufferPointer(start: set.pointee.bytes, count: set.pointee.size)))
    }
    return sets
  }
}
