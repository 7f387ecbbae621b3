import AudioCodecs
public import Basics

/// WAV files that are played to callers.
public enum PromptFile {
  /// Bytes a file may have.
  static let maximumBytes = 10_000_000

  /// A WAV file's audio as it goes to the platform: mu-law at 8,000 Hz. Blocks.
  ///
  /// - Throws: ``EngineError`` where the file cannot be read or is no WAV file of a kind that is known.
  public static func mulaw(_ path: String) throws(EngineError) -> [UInt8] {
    let bytes: [UInt8]
    do throws(FileError) { bytes = try BoundedFile.read(path, maximum: maximumBytes) } catch {
      throw EngineError(.unusable, error.isTooLong ? "\(error); use a shorter sound." : "\(error).", cause: error)
    }
    do throws(AudioError) {
      let file = try WAVFile(parsing: bytes, maximumBytes: maximumBytes)
      return file.format == .telephone ? file.audio : AudioEncoding.mulaw.encode(try file.samples(at: 8000))
    } catch { throw EngineError(.unusable, "\(path): \(error.message)", cause: error) }
  }
}
