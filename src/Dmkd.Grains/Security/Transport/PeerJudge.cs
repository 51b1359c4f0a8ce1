using System.Security.Cryptography.X509Certificates;
using Dmkd.Grains.Security.Certificates;

namespace Dmkd.Grains.Security.Transport;

/// <summary>Decides about the peer of one connection, and keeps the reason.</summary>
internal sealed class PeerJudge(CertificateCheck check, AccessRole[] roles)
{
    /// <summary>What is wrong with the peer; null before it was seen, and when it is welcome.</summary>
    public string? Problem { get; private set; }

    /// <summary>Whether the peer is welcome.</summary>
    /// <param name="peer">Its certificate; null when it presented none.</param>
    /// <param name="asServer">Whether it listens.</param>
    public bool Accepts(X509Certificate? peer, bool asServer)
    {
        Problem = ProblemOf(peer, asServer);
        return Problem is null;
    }

    private string? ProblemOf(X509Certificate? peer, bool asServer)
    {
        if (peer is null) return "the peer presented no certificate";
        using var certificate = X509CertificateLoader.LoadCertificate(peer.GetRawCertData());
        if (check.ProblemOf(certificate, asServer, out var identity) is { } problem) return problem;
        return roles.Contains(identity!.Role) ? null : $"the certificate of {identity} is not for this port, which takes {string.Join(", ", roles.Select(AccessRoles.NameOf))}";
    }
}
