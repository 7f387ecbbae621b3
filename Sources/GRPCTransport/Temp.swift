final class ClientCall { func sent(_ ok: Bool) {}; func messageArrived(_ ok: Bool) {}; func statusArrived() {}; func initialMetadataArrived(_ ok: Bool) {} }
