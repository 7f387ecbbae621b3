import AudioCodecs

/// WAV files that are played to callers.
public enum PromptFile {
  /// Bytes a file may have.
  static let maximumBytes = 10_000_000

  /// A WAV file's audio as it goes to the platform: mu-law at 8,000 Hz. Blocks.
  ///
  /// - Throws: ``EngineError`` where the file cannot be read or is no WAV file of a kind that is known.
  public static func mulaw(_ path: String) throws(EngineError) -> [UInt8] {
    let bytes: [UInt8]
    do throws(RegularFile.FileError) { bytes = try RegularFile.read(path, maximum: maximumBytes) } catch {
      switch error {
      case .unreadable(let why): throw EngineError(.unusable, "\(path) cannot be read (\(why)).")
      case .notRegular: throw EngineError(.unusable, "\(path) is no file.")
      case .tooLong:
        throw EngineError(.unusable, "\(path) is over \(maximumBytes / 1_000_000) MB; use a shorter sound.")
      }
    }
    do throws(AudioError) {
      let file = try WAVFile(parsing: bytes, maximumBytes: maximumBytes)
      return file.format == .telephone ? file.audio : AudioEncoding.mulaw.encode(try file.samples(at: 8000))
    } catch { throw EngineError(.unusable, "\(path): \(error.message)") }
  }
}
