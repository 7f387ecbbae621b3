public import DataSources
public import Secrets

extension Configuration {
  /// `data_sources`: how data sources are registered with Webex, and kept alive.
  public struct DataSources: Sendable, Equatable {
    /// `base_url`:.com/v1; http on loopback only.
    public var baseURL = DataSourceClient.defaultBaseURL
    /// `domains`: the Service App's domains. A URL elsewhere is refused before anything is sent; empty refuses none.
    public var domains: [String] = []
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
    /// `renew_before`: how long before its end a token is renewed. Never later than with a tenth
    /// of its life left.
    public var renewBefore: Duration = 1.h
    /// `check`: how often a registration is compared with the configuration.
    public var check: Duration = 1.min
    /// `form`: how requests are written where Webex's documents differ.
    public var form = DataSourceForm()
    /// `lease`: which of several servers looks after the registrations; without it this one does.
    public var lease: Lease?

    /// `websocket`: the Service App of data sources with a URL of `wss://`, where it is another; `nil` is the same.
    public var socketApp: App?

    /// A Service App: whose data sources are registered as.
    public struct App: Sendable, Equatable {
      /// `domains`; empty refuses none.
      public var domains: [String] = []
      /// `app_id`.
      public var applicationID: String?
      /// `client_id`.
      public var clientID: String?
      /// `client_secret_file` or `client_secret_variable`.
      public var clientSecret: Secret?
      /// `refresh_token_file`.
      public var refreshTokenFile: String?
      /// `access_token_file` or `access_token_variable`.
      public var accessToken: Secret?
    }

    /// The Service App of data sources of one of the two wires.
    public func app(ofSockets: Bool) -> App {
      if ofSockets, let socketApp { return socketApp }
      return App(
        domains: domains, applicationID: applicationID, clientID: clientID, clientSecret: clientSecret,
        refreshTokenFile: refreshTokenFile, accessToken: accessToken)
    }

    /// `data_sources.lease`.
    public struct Lease: Sendable, Equatable {
      /// `file`: on storage that the servers share.
      public var file: String?
      /// `redis`: in the cluster's Redis instead.
      public var isInRedis = false
      /// `expiry`: after this long another server takes over from one that is gone.
      public var expiry: Duration = 1.min
      /// `announcement`: how long the other servers are told of a new nonce before it is used.
      public var announcement: Duration = 30.s

      /// A lease by its defaults.
      public init() {}
    }
  }

  /// `data_source` of a tenant.
  public struct TenantDataSource: Sendable, Equatable {
    /// `register`: whether `serve` looks after it;.
    public var isRegistered = true
    /// `id` where it is known; otherwise it is found by schema and URL.
    public var id: String?
    /// `lifetime` of a token, in whole minutes: 1 min to 24 h.
    public var lifetime: Duration = 1.d
    /// `audience` to register;.
    public var audience: String?
    /// `subject` to register;.
    public var subject: String?
    /// `disabled_because`: Webex does not call, and shows this to the customer.
    public var disabledBecause: String?
    /// `refresh_token_file`: the organization's own tokens; asked for with the Service App's where it is not there yet.
    public var refreshTokenFile: String?
  }
}
