using System.CommandLine;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd certs</c>: the private authority of a cluster, and what it issues.</summary>
internal sealed class CertsCommand : Command
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
    public static Option<string> AuthorityOption() => new("--authority") { Description = "Folder of the authority", Required = true };

    /// <summary>One document; these commands have no progress to tell.</summary>
    public static Option<bool> JsonOption() => new("--json") { Description = "Print one JSON document on standard output" };

    /// <summary>A number of days.</summary>
    public static Option<int> DaysOption(int fallback) => new("--days") { Description = "Days that it counts", DefaultValueFactory = _ => fallback };

    /// <summary>Days as a span.</summary>
    /// <exception cref="BadInputException">Not a number of days that makes sense.</exception>
    public static TimeSpan Days(ParseResult parsed, Option<int> option)
    {
        const int most = 36_500;
        int days = parsed.GetValue(option);
        return days is >= 1 and <= most ? TimeSpan.FromDays(days) : throw new BadInputException($"{option.Name} must be in [1, {most}], not {days}.");
    }
}
