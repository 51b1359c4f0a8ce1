using System.CommandLine;
using Dmkd.Client.Display;
using Dmkd.Client.Files;
using Dmkd.Grains.Security;
using Dmkd.Grains.Security.Certificates;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd certs issue</c>: a folder that a silo or a console is given.</summary>
internal sealed class CertsIssueCommand : Command
{
    private const int DefaultDays = 365;
    private readonly Option<string> _authority = CertsCommand.AuthorityOption();
    private readonly Option<string> _role = RoleOption(AccessRoles.Names);
    private readonly Option<string> _name = NameOption();
    private readonly Option<int> _days = CertsCommand.DaysOption(DefaultDays);
    private readonly Option<string[]> _hosts = new("--host") { Description = "DNS name or address by which a silo is asked over HTTPS, besides its name and loopback", DefaultValueFactory = _ => [] };
    private readonly Option<string?> _output = new("--output") { Description = "Folder to make; else the name" };
    private readonly Option<bool> _force = new("--force") { Description = "Replace the folder" };
    private readonly Option<bool> _json = CertsCommand.JsonOption();

    public CertsIssueCommand()
        : base("issue", "Issue a certificate to a silo, an operator, a node or a reader")
    {
        foreach (Option option in (Option[])[_authority, _role, _name, _days, _hosts, _output, _force, _json]) Options.Add(option);
        SetAction(RunAsync);
    }

    /// <summary>One of some roles.</summary>
    public static Option<string> RoleOption(IEnumerable<string> roles) => new Option<string>("--role") { Description = "What the holder is to the cluster", Required = true }.AcceptOnlyFromAmong([.. roles]);

    /// <summary>A holder's name.</summary>
    public static Option<string> NameOption() => new("--name") { Description = "Who the holder is; a node's own id", Required = true };

    /// <summary>Who the options name.</summary>
    /// <exception cref="BadInputException">The name cannot be given.</exception>
    public static CallerIdentity IdentityOf(ParseResult parsed, Option<string> name, Option<string> role) => CallerIdentity.ProblemOf(parsed.GetValue(name)!) is { } problem
        ? throw new BadInputException($"{name.Name}: {problem}.")
        : new CallerIdentity(parsed.GetValue(name)!, AccessRoles.Of(parsed.GetValue(role)!)!.Value);

    private string[] Hosts(ParseResult parsed, AccessRole role)
    {
        string[] hosts = parsed.GetValue(_hosts)!;
        if (hosts.Length > 0 && role is not AccessRole.Silo) throw new BadInputException($"{_hosts.Name} is for silos: only they are asked over HTTPS.");
        return hosts.Select(SiloHosts.ProblemOf).FirstOrDefault(problem => problem is not null) is { } wrong ? throw new BadInputException($"{_hosts.Name}: {wrong}.") : hosts;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var identity = IdentityOf(parsed, _name, _role);
        string authority = Path.GetFullPath(parsed.GetValue(_authority)!);
        string output = parsed.GetValue(_output) ?? identity.Name;
        bool replaces = parsed.GetValue(_force);
        SecretFolder.Require(output, replaces, [CertificateFiles.Authority, CertificateFiles.Revoked, CertificateFiles.Own, CertificateFiles.OwnKey]);
        var made = CertificateAuthority.Issue(authority, identity, CertsCommand.Days(parsed, _days), TimeProvider.System.GetUtcNow(), Hosts(parsed, identity.Role));
        await AuthorityFolder.RecordAsync(authority, new IssuedCertificate(made.Serial, identity, made.NotAfter), cancellationToken);
        string revoked = Path.Combine(authority, CertificateFiles.Revoked);
        string folder = SecretFolder.Write(
            output, replaces,
            (CertificateFiles.Authority, await File.ReadAllTextAsync(Path.Combine(authority, CertificateFiles.Authority), cancellationToken), false),
            (CertificateFiles.Revoked, File.Exists(revoked) ? await File.ReadAllTextAsync(revoked, cancellationToken) : null, false),
            (CertificateFiles.Own, made.Certificate, false), (CertificateFiles.OwnKey, made.Key, true));
        if (parsed.GetValue(_json)) JsonOutput.Write(new { Folder = folder, identity.Name, Role = AccessRoles.NameOf(identity.Role), made.NotAfter, made.Thumbprint });
        else await Console.Out.WriteLineAsync($"{identity} in {folder}, until {made.NotAfter:yyyy-MM-dd}");
        return ExitCode.Success;
    }
}
