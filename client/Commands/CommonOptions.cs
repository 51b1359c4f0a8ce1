using System.CommandLine;
using Dmkd.Client.Hosting;

namespace Dmkd.Client.Commands;

/// <summary>Options that every command has.</summary>
internal sealed class CommonOptions
{
    private readonly Option<string> _home = new("--home") { Description = "Folder of runs and modules", DefaultValueFactory = _ => HomeFolder.Default };
    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON document on standard output; progress goes to standard error" };
    private readonly Option<bool> _verbose = new("--verbose") { Description = "Print the silo's log on standard error" };

    public void AddTo(Command command)
    {
        command.Options.Add(_home);
        command.Options.Add(_json);
        command.Options.Add(_verbose);
    }

    public string Home(ParseResult parsed) => Path.GetFullPath(parsed.GetValue(_home)!);

    /// <summary>The folder that the user named; null when none was.</summary>
    public string? HomeGiven(ParseResult parsed) => parsed.GetResult(_home) is { Implicit: false } ? Home(parsed) : null;

    public bool Json(ParseResult parsed) => parsed.GetValue(_json);

    public bool Verbose(ParseResult parsed) => parsed.GetValue(_verbose);

    /// <summary>Starts a silo over the home folder.</summary>
    /// <exception cref="BadInputException">Nothing is stored there.</exception>
    public Task<EmbeddedSilo> OpenAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        HomeFolder.RequireRuns(Home(parsed));
        return EmbeddedSilo.StartAsync(Home(parsed), null, Verbose(parsed), cancellationToken);
    }
}
