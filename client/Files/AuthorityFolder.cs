using Dmkd.Grains.Security.Certificates;

namespace Dmkd.Client.Files;

/// <summary>The folder of a cluster's authority: what it issued, and what it took back.</summary>
internal static class AuthorityFolder
{
    /// <summary>Adds a certificate to the record, before anybody has it: one that is not recorded could not be taken back by name.</summary>
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

    /// <summary>What was issued, oldest first, and when each was taken back.</summary>
    /// <exception cref="BadInputException">There is no authority.</exception>
    /// <exception cref="CertificateException">Record or list cannot be read.</exception>
    public static IReadOnlyList<(IssuedCertificate Certificate, DateTimeOffset? RevokedAt)> List(string folder)
    {
        if (!File.Exists(Path.Combine(folder, CertificateFiles.Authority))) throw new BadInputException($"{Path.Combine(folder, CertificateFiles.Authority)} is missing; --authority is the folder that dmkd certs create-authority made.");
        var revoked = CertificateAuthority.Revoked(folder);
        return [.. IssuedCertificate.ReadAll(Path.Combine(folder, CertificateFiles.Issued)).Select(issued => (issued, revoked(issued.Serial)))];
    }
}
