using System.CommandLine;
using System.Globalization;
using System.Text;
using Dmkd.Client.Errors;
using Dmkd.Client.Files;
using Dmkd.Client.Rendering;
using Dmkd.Hosting.Security;
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
        var issued = AuthorityFolder.List(
            Path.GetFullPath(parsed.GetValue(_authority)!),
            TimeProvider.System.GetUtcNow()
        );
        if (parsed.GetValue(_json))
        {
            JsonOutput.Write(
                issued.Select(entry => new
                {
                    entry.Certificate.Holder.Name,
                    Role = AccessRoles.NameOf(entry.Certificate.Holder.Role),
                    entry.Certificate.Serial,
                    entry.Certificate.NotAfter,
                    entry.RevokedAt,
                    entry.State,
                })
            );
            return ExitCode.Success;
        }

        var table = new Table().AddColumns("holder", "serial", "until", "state");
        foreach (var entry in issued)
            table.AddRow(
                Markup.Escape(entry.Certificate.Holder.ToString()),
                entry.Certificate.Serial,
                entry.Certificate.NotAfter.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
                entry.State
            );
        Consoles.Create(json: false).Write(table);
        return ExitCode.Success;
    }
}

/// <summary><c>dmkd certs revoke</c>: takes back every certificate of a holder that still counts.</summary>
internal sealed class CertsRevokeCommand : Command
{
    private readonly Option<string> _authority = CertsCommand.AuthorityOption();
    private readonly Option<string> _name = new("--name")
    {
        Description = "Whose certificates are taken back",
        Required = true,
    };
    private readonly Option<bool> _json = CertsCommand.JsonOption();

    public CertsRevokeCommand()
        : base("revoke", "Take back a holder's certificates; silos read the list again when it changes")
    {
        foreach (Option option in (Option[])[_authority, _name, _json])
            Options.Add(option);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        string authority = Path.GetFullPath(parsed.GetValue(_authority)!),
            name = parsed.GetValue(_name)!;
        var now = TimeProvider.System.GetUtcNow();
        var counting = AuthorityFolder
            .List(authority, now)
            .Where(entry => entry.Counts && entry.Certificate.Holder.Name == name)
            .Select(entry => entry.Certificate)
            .ToArray();
        if (counting.Length == 0)
            throw new BadInputException(
                $"{_name.Name}: the authority in {authority} has no certificate of '{name}' that counts; "
                    + $"certs list shows what it issued."
            );
        string path = Path.Combine(authority, CertificateFiles.Revoked);
        using (var file = OutputFile.Open(path, replaces: true))
        {
            await file.Content.WriteAsync(
                Encoding.ASCII.GetBytes(
                    CertificateAuthority.Revoke(authority, counting.Select(certificate => certificate.Serial), now)
                        + "\n"
                ),
                cancellationToken
            );
            file.Commit();
        }

        await JsonOutput.AnswerAsync(
            parsed.GetValue(_json),
            new
            {
                List = path,
                Revoked = counting.Select(certificate => new
                {
                    certificate.Holder.Name,
                    Role = AccessRoles.NameOf(certificate.Holder.Role),
                    certificate.Serial,
                }),
            },
            $"revoked: "
                + $"{string.Join(", ", counting.Select(certificate => $"{certificate.Holder} ({certificate.Serial})"))}\ncopy "
                + $"{path} into the folder of every silo and console; silos need no restart"
        );
        return ExitCode.Success;
    }
}
