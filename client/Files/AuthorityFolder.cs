using Dmkd.Client.Errors;
using Dmkd.Hosting.Security;

namespace Dmkd.Client.Files;

/// <summary>The folder of a cluster's authority: what it issued, and what it took back.</summary>
internal static class AuthorityFolder
{
    /// <summary>
    /// Adds a certificate to the record, before anybody has it: one that is not recorded could not be taken back by
    /// name.
    /// </summary>
    /// <exception cref="BadInputException">The record cannot be written.</exception>
    public static async Task RecordAsync(string folder, IssuedCertificate issued, CancellationToken cancellationToken)
    {
        string path = Path.Combine(folder, CertificateFiles.Issued);
        try
        {
            await File.AppendAllTextAsync(path, $"{issued}\n", cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{path} cannot be written: {e.Message}");
        }
    }

    /// <summary>What was issued, oldest first, and what counts.</summary>
    /// <exception cref="BadInputException">There is no authority.</exception>
    /// <exception cref="CertificateException">Record or list cannot be read.</exception>
    public static IReadOnlyList<Entry> List(string folder, DateTimeOffset now)
    {
        if (!File.Exists(Path.Combine(folder, CertificateFiles.Authority)))
            throw new BadInputException(
                $"{Path.Combine(folder, CertificateFiles.Authority)} is missing; --authority is the folder "
                    + $"that dmkd certs create-authority made."
            );
        var revoked = CertificateAuthority.Revoked(folder);
        return
        [
            .. IssuedCertificate
                .ReadAll(Path.Combine(folder, CertificateFiles.Issued))
                .Select(issued => new Entry(issued, revoked(issued.Serial), issued.NotAfter < now.UtcDateTime)),
        ];
    }

    /// <summary>A certificate of the record.</summary>
    /// <param name="Certificate">The line.</param>
    /// <param name="RevokedAt">When it was taken back; null when it was not.</param>
    /// <param name="HasExpired">Whether it has ended by itself.</param>
    internal sealed record Entry(IssuedCertificate Certificate, DateTimeOffset? RevokedAt, bool HasExpired)
    {
        /// <summary>Whether silos let its holder in.</summary>
        public bool Counts => RevokedAt is null && !HasExpired;

        /// <summary>In a word.</summary>
        public string State =>
            this switch
            {
                { RevokedAt: not null } => "revoked",
                { HasExpired: true } => "expired",
                _ => "valid",
            };
    }
}
