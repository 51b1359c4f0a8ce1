using System.CommandLine;
using System.Globalization;
using Dmkd.Client.Display;
using Dmkd.Client.Files;
using Dmkd.Grains.Security;
using Spectre.Console;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd certs list</c>: what an authority issued.</summary>
internal sealed class CertsListCommand : Command
{
    private readonly Option<string> _authority = CertsCommand.AuthorityOption();
    private readonly Option<bool> _json = CertsCommand.JsonOption();

    public CertsListCommand()
        : base("list", "List the certificates that an authority issued, and which count")
    {
        Options.Add(_authority);
        Options.Add(_json);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        var issued = AuthorityFolder.List(Path.GetFullPath(parsed.GetValue(_authority)!), TimeProvider.System.GetUtcNow());
        if (parsed.GetValue(_json))
        {
            JsonOutput.Write(issued.Select(entry => new
            {
                entry.Certificate.Holder.Name,
                Role = AccessRoles.NameOf(entry.Certificate.Holder.Role),
                entry.Certificate.Serial,
                entry.Certificate.NotAfter,
                entry.RevokedAt,
                entry.State,
            }));
            return ExitCode.Success;
        }

        var table = new Table().AddColumns("holder", "serial", "until", "state");
        foreach (var entry in issued)
            table.AddRow(Markup.Escape(entry.Certificate.Holder.ToString()), entry.Certificate.Serial, entry.Certificate.NotAfter.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), entry.State);
        Consoles.Create(json: false).Write(table);
        return ExitCode.Success;
    }
}
