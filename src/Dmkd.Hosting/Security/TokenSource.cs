using Microsoft.Extensions.Options;
using Orleans.Configuration;

namespace Dmkd.Hosting.Security;

/// <summary>This program's token, made again before it ends.</summary>
internal sealed class TokenSource(ClusterCertificates certificates, IOptions<ClusterOptions> cluster)
{
    /// <summary>How long a token counts: what somebody who saw one could do with it.</summary>
    public static readonly TimeSpan Validity = TimeSpan.FromMinutes(10);

    private volatile Made _made = new("", default);

    /// <summary>The token; the same text object until it is made again.</summary>
    public string Current()
    {
        var now = certificates.Time.GetUtcNow();
        if (now < _made.RenewAt)
            return _made.Token;
        _made = new Made(CallerToken.Make(certificates, cluster.Value.ClusterId, now + Validity), now + (Validity / 2));
        return _made.Token;
    }

    private sealed record Made(string Token, DateTimeOffset RenewAt);
}
