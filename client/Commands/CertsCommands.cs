using System.CommandLine;
using Dmkd.Client.Errors;
using Dmkd.Client.Files;
using Dmkd.Client.Rendering;
using Dmkd.Hosting.Security;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd certs</c>: the private authority of a cluster, and what it issues.</summary>
internal sealed class CertsCommand : Command, IWithoutTensors
{
    public CertsCommand()
        : base("certs", "Make a cluster's own certificate authority, certificates and API keys")
    {
        Subcommands.Add(new CertsCreateAuthorityCommand());
        Subcommands.Add(new CertsIssueCommand());
        Subcommands.Add(new CertsListCommand());
        Subcommands.Add(new CertsRevokeCommand());
        Subcommands.Add(new CertsApiKeyCommand());
    }

    /// <summary>The folder of an authority.</summary>
    public static Option<string> AuthorityOption() =>
        new("--authority") { Description = "Folder of the authority", Required = true };

    /// <summary>One document; these commands have no progress to tell.</summary>
    public static Option<bool> JsonOption() =>
        new("--json") { Description = "Print one JSON document on standard output" };

    /// <summary>A number of days.</summary>
    public static Option<int> DaysOption(int fallback) =>
        OptionReader.Number("--days", "Days that it counts", fallback);

    /// <summary>Days as a span.</summary>
    /// <exception cref="BadInputException">Not a number of days that makes sense.</exception>
    public static TimeSpan Days(ParseResult parsed, Option<int> option)
    {
        const int most = 36_500;
        int days = parsed.GetValue(option);
        return days is >= 1 and <= most
            ? TimeSpan.FromDays(days)
            : throw new BadInputException($"{option.Name} must be in [1, {most}], not {days}.");
    }
}

/// <summary><c>dmkd certs create-authority</c>: a folder of the authority's certificate and key.</summary>
internal sealed class CertsCreateAuthorityCommand : Command
{
    private const int DefaultDays = 3650;
    private readonly Option<string> _output = new("--output") { Description = "Folder to make", Required = true };
    private readonly Option<string> _name = new("--name")
    {
        Description = "Name of the authority",
        DefaultValueFactory = _ => "dmkd",
    };
    private readonly Option<int> _days = CertsCommand.DaysOption(DefaultDays);
    private readonly Option<bool> _force = new("--force")
    {
        Description = "Replace the folder, and with it the authority",
    };
    private readonly Option<bool> _json = CertsCommand.JsonOption();

    public CertsCreateAuthorityCommand()
        : base("create-authority", "Make the authority that issues a cluster's certificates")
    {
        foreach (Option option in (Option[])[_output, _name, _days, _force, _json])
            Options.Add(option);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        string name = parsed.GetValue(_name)!;
        if (CallerIdentity.ProblemOf(name) is { } problem)
            throw new BadInputException($"{_name.Name}: {problem}.");
        var made = CertificateAuthority.Create(name, CertsCommand.Days(parsed, _days), TimeProvider.System.GetUtcNow());
        string folder = SecretFolder.Write(
            parsed.GetValue(_output)!,
            parsed.GetValue(_force),
            (CertificateFiles.Authority, made.Certificate, false),
            (CertificateFiles.AuthorityKey, made.Key, true),
            (CertificateFiles.Revoked, null, false),
            (CertificateFiles.Issued, null, false)
        );
        await JsonOutput.AnswerAsync(
            parsed.GetValue(_json),
            new
            {
                Folder = folder,
                Name = name,
                made.NotAfter,
                made.Thumbprint,
            },
            $"authority {name} in {folder}, until {made.NotAfter:yyyy-MM-dd}; keep "
                + $"{CertificateFiles.AuthorityKey} away from the cluster's machines"
        );
        return ExitCode.Success;
    }
}

/// <summary><c>dmkd certs issue</c>: a folder that a silo or a console is given.</summary>
internal sealed class CertsIssueCommand : Command
{
    private const int DefaultDays = 365;
    private readonly Option<string> _authority = CertsCommand.AuthorityOption();
    private readonly Option<string> _role = RoleOption(AccessRoles.Names);
    private readonly Option<string> _name = NameOption();
    private readonly Option<int> _days = CertsCommand.DaysOption(DefaultDays);
    private readonly Option<string[]> _hosts = new("--host")
    {
        Description = "DNS name or address by which a silo is asked over HTTPS, besides its name and loopback",
        DefaultValueFactory = _ => [],
    };
    private readonly Option<string?> _output = new("--output") { Description = "Folder to make; else the name" };
    private readonly Option<bool> _force = new("--force") { Description = "Replace the folder" };
    private readonly Option<bool> _json = CertsCommand.JsonOption();

    public CertsIssueCommand()
        : base("issue", "Issue a certificate to a silo, an operator, a node or a reader")
    {
        foreach (Option option in (Option[])[_authority, _role, _name, _days, _hosts, _output, _force, _json])
            Options.Add(option);
        SetAction(RunAsync);
    }

    /// <summary>One of some roles.</summary>
    public static Option<string> RoleOption(IEnumerable<string> roles) =>
        new Option<string>("--role")
        {
            Description = "What the holder is to the cluster",
            Required = true,
        }.AcceptOnlyFromAmong([.. roles]);

    /// <summary>A holder's name.</summary>
    public static Option<string> NameOption() =>
        new("--name") { Description = "Who the holder is; a node's own id", Required = true };

    /// <summary>Who the options name.</summary>
    /// <exception cref="BadInputException">The name cannot be given.</exception>
    public static CallerIdentity IdentityOf(ParseResult parsed, Option<string> name, Option<string> role) =>
        CallerIdentity.ProblemOf(parsed.GetValue(name)!) is { } problem
            ? throw new BadInputException($"{name.Name}: {problem}.")
            : new CallerIdentity(parsed.GetValue(name)!, AccessRoles.Of(parsed.GetValue(role)!)!.Value);

    private string[] Hosts(ParseResult parsed, AccessRole role)
    {
        string[] hosts = parsed.GetValue(_hosts)!;
        if (hosts.Length > 0 && role is not AccessRole.Silo)
            throw new BadInputException($"{_hosts.Name} is for silos: only they are asked over HTTPS.");
        return hosts.Select(SiloHosts.ProblemOf).FirstOrDefault(problem => problem is not null) is { } wrong
            ? throw new BadInputException($"{_hosts.Name}: {wrong}.")
            : hosts;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var identity = IdentityOf(parsed, _name, _role);
        string authority = Path.GetFullPath(parsed.GetValue(_authority)!);
        string output = parsed.GetValue(_output) ?? identity.Name;
        bool replaces = parsed.GetValue(_force);
        SecretFolder.Require(
            output,
            replaces,
            [CertificateFiles.Authority, CertificateFiles.Revoked, CertificateFiles.Own, CertificateFiles.OwnKey]
        );
        var now = TimeProvider.System.GetUtcNow();
        var validity = CertsCommand.Days(parsed, _days);
        string[] hosts = Hosts(parsed, identity.Role);
        var end = CertificateAuthority.EndOf(authority);
        bool isShortened = end < (now + validity).UtcDateTime;
        if (isShortened && parsed.GetResult(_days) is { Implicit: false })
            throw new BadInputException(
                $"{_days.Name} {validity.TotalDays:0} goes beyond the authority, which ends on {end:yyyy-MM-dd}: "
                    + $"give at most {Math.Max(0, (end - now.UtcDateTime).Days)}, or make another authority."
            );
        var made = CertificateAuthority.Issue(authority, identity, validity, now, hosts);
        await AuthorityFolder.RecordAsync(
            authority,
            new IssuedCertificate(made.Serial, identity, made.NotAfter),
            cancellationToken
        );
        string revoked = Path.Combine(authority, CertificateFiles.Revoked);
        string folder = SecretFolder.Write(
            output,
            replaces,
            (
                CertificateFiles.Authority,
                await File.ReadAllTextAsync(Path.Combine(authority, CertificateFiles.Authority), cancellationToken),
                false
            ),
            (
                CertificateFiles.Revoked,
                File.Exists(revoked) ? await File.ReadAllTextAsync(revoked, cancellationToken) : null,
                false
            ),
            (CertificateFiles.Own, made.Certificate, false),
            (CertificateFiles.OwnKey, made.Key, true)
        );
        await JsonOutput.AnswerAsync(
            parsed.GetValue(_json),
            new
            {
                Folder = folder,
                identity.Name,
                Role = AccessRoles.NameOf(identity.Role),
                made.NotAfter,
                made.Thumbprint,
            },
            $"{identity} in {folder}, until {made.NotAfter:yyyy-MM-dd}{(isShortened ? ", when its authority ends" : "")}"
        );
        return ExitCode.Success;
    }
}

/// <summary><c>dmkd certs api-key</c>: a key for HTTP, whose hash goes to a file that silos read.</summary>
internal sealed class CertsApiKeyCommand : Command
{
    private readonly Option<string> _file = new("--file")
    {
        Description = "File of keys to add a line to; made when it does not exist",
        Required = true,
    };
    private readonly Option<string> _role = CertsIssueCommand.RoleOption(
        AccessRoles.Names.Where(name => name != AccessRoles.NameOf(AccessRole.Silo))
    );
    private readonly Option<string> _name = CertsIssueCommand.NameOption();
    private readonly Option<bool> _json = CertsCommand.JsonOption();

    public CertsApiKeyCommand()
        : base("api-key", "Make an API key, show it once, and add its hash to a file")
    {
        foreach (Option option in (Option[])[_file, _role, _name, _json])
            Options.Add(option);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var identity = CertsIssueCommand.IdentityOf(parsed, _name, _role);
        string path = Path.GetFullPath(parsed.GetValue(_file)!);
        var (key, line) = ApiKeyFile.Make(identity);
        string before = File.Exists(path) ? await File.ReadAllTextAsync(path, cancellationToken) : "";
        using (var file = OutputFile.Open(path, replaces: true))
        {
            SecretFolder.Close(file.Content.SafeFileHandle);
            string text = $"{before}{(before.Length == 0 || before.EndsWith('\n') ? "" : "\n")}{line}\n";
            await file.Content.WriteAsync(System.Text.Encoding.UTF8.GetBytes(text), cancellationToken);
            file.Commit();
        }

        await JsonOutput.AnswerAsync(
            parsed.GetValue(_json),
            new
            {
                identity.Name,
                Role = AccessRoles.NameOf(identity.Role),
                Key = key,
                File = path,
            },
            $"{key}\nis the key of {identity}; it is shown this once, {path} holds its hash"
        );
        return ExitCode.Success;
    }
}
