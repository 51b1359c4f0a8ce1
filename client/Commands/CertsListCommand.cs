using System.CommandLine;
using System.Globalization;
using Dmkd.Client.Display;
using Dmkd.Client.Files;
using Dmkd.Grains.Security;
using Dmkd.Grains.Security.Certificates;
using Spectre.Console;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd certs list</c>: what an authority issued.</summary>
internal sealed class CertsListCommand : Command
{
    private readonly Option<string> _authority = CertsCommand.AuthorityOption();
    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON document on standard output" };

    public CertsListCommand()
        : base("list", "List the certificates that an authority issued, and which count")
    {
        Options.Add(_authority);
        Options.Add(_json);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        var now = TimeProvider.System.GetUtcNow();
        var issued = AuthorityFolder.List(Path.GetFullPath(parsed.GetValue(_authority)!));
        if (parsed.GetValue(_json))
        {
            JsonOutput.Write(issued.Select(entry => new
            {
                entry.Certificate.Holder.Name,
                Role = AccessRoles.NameOf(entry.Certificate.Holder.Role),
                entry.Certificate.Serial,
                entry.Certificate.NotAfter,
                entry.RevokedAt,
                State = StateOf(entry.Certificate, entry.RevokedAt, now),
            }));
            return ExitCode.Success;
        }

        var table = new Table().AddColumns("holder", "serial", "until", "state");
        foreach (var (certificate, revokedAt) in issued)
            table.AddRow(Markup.Escape(certificate.Holder.ToString()), certificate.Serial, certificate.NotAfter.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), StateOf(certificate, revokedAt, now));
        Consoles.Create(json: false).Write(table);
        return ExitCode.Success;
    }

    private static string StateOf(IssuedCertificate certificate, DateTimeOffset? revokedAt, DateTimeOffset now) =>
        revokedAt is not null ? "revoked" : certificate.NotAfter < now.UtcDateTime ? "expired" : "valid";
}
