using System.CommandLine;
using Dmkd.Client.Display;
using Dmkd.Client.Files;
using Dmkd.Grains.Security;
using Dmkd.Grains.Security.Certificates;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd certs create-authority</c>: a folder of the authority's certificate and key.</summary>
internal sealed class CertsCreateAuthorityCommand : Command
{
    private const int DefaultDays = 3650;
    private readonly Option<string> _output = new("--output") { Description = "Folder to make", Required = true };
    private readonly Option<string> _name = new("--name") { Description = "Name of the authority", DefaultValueFactory = _ => "dmkd" };
    private readonly Option<int> _days = CertsCommand.DaysOption(DefaultDays);
    private readonly Option<bool> _force = new("--force") { Description = "Replace the folder, and with it the authority" };
    private readonly Option<bool> _json = CertsCommand.JsonOption();

    public CertsCreateAuthorityCommand()
        : base("create-authority", "Make the authority that issues a cluster's certificates")
    {
        foreach (Option option in (Option[])[_output, _name, _days, _force, _json]) Options.Add(option);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        string name = parsed.GetValue(_name)!;
        if (CallerIdentity.ProblemOf(name) is { } problem) throw new BadInputException($"{_name.Name}: {problem}.");
        var made = CertificateAuthority.Create(name, CertsCommand.Days(parsed, _days), TimeProvider.System.GetUtcNow());
        string folder = SecretFolder.Write(
            parsed.GetValue(_output)!, parsed.GetValue(_force),
            (CertificateFiles.Authority, made.Certificate, false), (CertificateFiles.AuthorityKey, made.Key, true), (CertificateFiles.Revoked, null, false), (CertificateFiles.Issued, null, false));
        if (parsed.GetValue(_json)) JsonOutput.Write(new { Folder = folder, Name = name, made.NotAfter, made.Thumbprint });
        else await Console.Out.WriteLineAsync($"authority {name} in {folder}, until {made.NotAfter:yyyy-MM-dd}; keep {CertificateFiles.AuthorityKey} away from the cluster's machines");
        return ExitCode.Success;
    }
}
