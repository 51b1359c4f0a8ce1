using System.Security.Claims;
using System.Security.Cryptography.X509Certificates;
using System.Text.Encodings.Web;
using Dmkd.Hosting.Security;
using Dmkd.Silo.Settings;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Certificate;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Dmkd.Silo.Api;

/// <summary>
/// Who may ask over HTTP: where the silo has API keys, whoever shows one, or a certificate of the cluster's authority;
/// everybody without. Endpoints name a policy; for those that name none, and for paths that are none,
/// <see cref="Reading"/> counts.
/// </summary>
internal static class HttpAccess
{
    /// <summary>For endpoints that read: every role.</summary>
    public const string Reading = "reading";

    private const string Caller = "caller";

    /// <summary>Adds who is asked for what.</summary>
    public static IServiceCollection AddAccess(this IServiceCollection services, SiloSettings settings)
    {
        var reading = PolicyFor(settings, AccessRole.Reader, AccessRole.Node, AccessRole.Operator);
        services.AddAuthorizationBuilder().AddPolicy(Reading, reading).SetFallbackPolicy(reading);

        // What AddAuthentication adds besides protects cookies: it would make keys for that and store them on the
        // silo's disk.
        services.AddAuthenticationCore(options => options.DefaultScheme = Caller);
        services.TryAddSingleton(UrlEncoder.Default);
        var authentication = new AuthenticationBuilder(services).AddPolicyScheme(
            Caller,
            displayName: null,
            options =>
            {
                options.ForwardDefaultSelector = SchemeOf;
                // the certificates' handler would answer 403: it cannot ask for one now
                options.ForwardChallenge = ApiKeyHandler.Scheme;
            }
        );
        authentication.AddScheme<ApiKeyOptions, ApiKeyHandler>(
            ApiKeyHandler.Scheme,
            options => options.Keys = settings.ApiKeys
        );
        if (settings.Certificates is { } certificates)
            authentication.AddCertificate(options => Trust(options, certificates));
        return services;
    }

    /// <summary>Has connections ask for a certificate, which a caller need not have.</summary>
    public static void AskForCertificate(this HttpsConnectionAdapterOptions https, ClusterCertificates certificates)
    {
        https.ServerCertificateSelector = (_, _) => certificates.Own; // another one once its file has changed
        https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
        https.ClientCertificateValidation = (peer, _, _) => certificates.IdentityOf(peer) is not null;
    }

    /// <summary>Who somebody is, as endpoints see it.</summary>
    public static ClaimsPrincipal PrincipalOf(CallerIdentity identity, string scheme) =>
        new(
            new ClaimsIdentity(
                [
                    new Claim(ClaimTypes.Name, identity.Name),
                    new Claim(ClaimTypes.Role, AccessRoles.NameOf(identity.Role)),
                ],
                scheme
            )
        );

    private static AuthorizationPolicy PolicyFor(SiloSettings settings, params AccessRole[] roles)
    {
        if (settings.ApiKeys is null)
            return new AuthorizationPolicyBuilder().RequireAssertion(_ => true).Build();
        return new AuthorizationPolicyBuilder().RequireRole(roles.Select(AccessRoles.NameOf)).Build();
    }

    private static string SchemeOf(HttpContext context)
    {
        bool showsCertificate =
            context.Connection.ClientCertificate is not null && context.Request.Headers.Authorization.Count == 0;
        return showsCertificate ? CertificateAuthenticationDefaults.AuthenticationScheme : ApiKeyHandler.Scheme;
    }

    private static void Trust(CertificateAuthenticationOptions options, ClusterCertificates certificates)
    {
        options.ChainTrustValidationMode = X509ChainTrustMode.CustomRootTrust;
        options.CustomTrustStore.Add(certificates.Authority);
        options.RevocationMode = X509RevocationMode.NoCheck; // by the cluster's own list, below
        options.Events = new CertificateAuthenticationEvents
        {
            OnCertificateValidated = validated =>
            {
                if (certificates.IdentityOf(validated.ClientCertificate) is { } identity)
                {
                    validated.Principal = PrincipalOf(identity, validated.Scheme.Name);
                    validated.Success();
                }
                else
                {
                    validated.Fail("the certificate does not count in this cluster");
                }

                return Task.CompletedTask;
            },
        };
    }
}

/// <summary>The keys that count.</summary>
internal sealed class ApiKeyOptions : AuthenticationSchemeOptions
{
    public ApiKeyFile? Keys { get; set; }
}

/// <summary>Takes <c>Authorization: Bearer KEY</c>.</summary>
internal sealed class ApiKeyHandler(IOptionsMonitor<ApiKeyOptions> options, ILoggerFactory loggers, UrlEncoder encoder)
    : AuthenticationHandler<ApiKeyOptions>(options, loggers, encoder)
{
    /// <summary>Name of the scheme, and the word before a key.</summary>
    public new const string Scheme = "Bearer";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        string given = Request.Headers.Authorization.ToString();
        bool isKey = given.StartsWith(Scheme + " ", StringComparison.OrdinalIgnoreCase);
        return Task.FromResult(isKey ? ResultOf(given[Scheme.Length..].Trim()) : AuthenticateResult.NoResult());
    }

    private AuthenticateResult ResultOf(string key)
    {
        if (Options.Keys?.IdentityOf(key) is not { } identity)
            return AuthenticateResult.Fail("nobody has this key");
        return AuthenticateResult.Success(new AuthenticationTicket(HttpAccess.PrincipalOf(identity, Scheme), Scheme));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.StatusCode = StatusCodes.Status401Unauthorized;
        Response.Headers[HeaderNames.WWWAuthenticate] = Scheme;
        return Task.CompletedTask;
    }
}
