extension Configuration {
  /// `data_sources`: how data sources are registered with Webex, and kept alive.
  public struct DataSources: Sendable, Equatable {
    /// `base_url`: default https://webexapis.com/v1; http on loopback only.
    public var baseURL: String
    /// `domains`: the Service App's domains. A URL elsewhere is refused before anything is sent; empty refuses none.
    public var domains: [String]
    /// `app_id`: the Service App's id; needed where tenants' first tokens are asked for.
    public var applicationID: String?
    /// `client_id` of the Service App.
    public var clientID: String?
    /// `client_secret_file` or `client_secret_variable`.
    public var clientSecret: Secret?
    /// `refresh_token_file`: the Service App's refresh token, which is replaced there whenever Webex exchanges it.
    public var refreshTokenFile: String?
    /// `access_token_file` or `access_token_variable`: an access token that is not refreshed, instead of a refresh token.
    public var accessToken: Secret?
    /// `renew_before`: how long before its end a token is renewed; 1 min to 12 h, default 1 h. Never later than with a tenth
    /// of its life left.
    public var renewBefore: Duration
    /// `check`: how often a registration is compared with the configuration; 10 s to 1 h, default 1 min.
    public var check: Duration
    /// `form`: how requests are written where Webex's documents differ.
    public var form: Form
    /// `lease`: which of several servers looks after the registrations; without it this one does.
    public var lease: Lease?

    /// `data_sources.form`. The defaults are those of Webex's current reference; answers are read in any form.
    public struct Form: Sendable, Equatable {
      /// The path's spellings.
      public enum Path: String, Sendable, CaseIterable {
        case dataSources
        case datasources
      }

      /// How the schema's id can be written.
      public enum Schema: String, Sendable, CaseIterable {
        case text
        case list
      }

      /// Names of the tokens' life.
      public enum Lifetime: String, Sendable, CaseIterable {
        case tokenLifetimeMinutes
        case tokenLifeMinutes
      }

      /// How numbers can be written.
      public enum Number: String, Sendable, CaseIterable {
        case number
        case text
      }

      /// `path`: `dataSources` or `datasources`.
      public var path = Path.dataSources
      /// `schema_id`: `text`, or `list` for a list of one.
      public var schema = Schema.text
      /// `lifetime`: `tokenLifetimeMinutes` or `tokenLifeMinutes`.
      public var lifetime = Lifetime.tokenLifetimeMinutes
      /// `lifetime_as`: `number` or `text`.
      public var number = Number.number
    }

    /// `data_sources.lease`.
    public struct Lease: Sendable, Equatable {
      /// `file`: on storage that the servers share.
      public var file: String
      /// `expiry`: after this long another server takes over from one that is gone; 30 s to 1 h, default 1 min.
      public var expiry: Duration
      /// `announcement`: how long the other servers are told of a new nonce before it is used; 0 to 10 min, default 30 s.
      public var announcement: Duration
    }
  }

  /// `data_source` of a tenant.
  public struct TenantDataSource: Sendable, Equatable {
    /// `register`: whether `serve` looks after it; default true.
    public var isRegistered: Bool
    /// `id` where it is known; otherwise it is found by schema and URL.
    public var id: String?
    /// `lifetime` of a token, in whole minutes: 1 min to 24 h, default 24 h.
    public var lifetime: Duration
    /// `audience` to register; default the tenant's.
    public var audience: String?
    /// `subject` to register; default the tenant's.
    public var subject: String?
    /// `disabled_because`: Webex does not call, and shows this to the customer.
    public var disabledBecause: String?
    /// `refresh_token_file`: the organization's own tokens; asked for with the Service App's where it is not there yet.
    public var refreshTokenFile: String?
  }
}
