using Dmkd.Grains.Security.ApiKeys;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Dmkd.Silo.Http;

/// <summary>Who may ask over HTTP: everybody for health, and for the rest who shows an API key, of whatever role. What only some roles may do comes with the endpoints that do it.</summary>
internal static class HttpAccess
{
    private const string Scheme = "Bearer", Health = "/healthz";

    /// <summary>Refuses requests without a known key by 401.</summary>
    /// <param name="app">The host, built.</param>
    /// <param name="keys">The keys.</param>
    public static WebApplication RequireKey(this WebApplication app, ApiKeyFile keys)
    {
        app.Use((context, next) =>
        {
            if (context.Request.Path.StartsWithSegments(Health, StringComparison.Ordinal) || IsKnown(context.Request, keys)) return next(context);
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            context.Response.Headers.WWWAuthenticate = Scheme;
            return Task.CompletedTask;
        });
        return app;
    }

    private static bool IsKnown(HttpRequest request, ApiKeyFile keys) =>
        request.Headers.TryGetValue(HeaderNames.Authorization, out var given) && given is [{ } text]
        && text.StartsWith(Scheme + " ", StringComparison.OrdinalIgnoreCase) && keys.IdentityOf(text[(Scheme.Length + 1)..].Trim()) is not null;
}
