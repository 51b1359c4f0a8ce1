using System.CommandLine;
using System.Globalization;
using Dmkd.Client.Errors;
using Dmkd.Client.Rendering;
using Dmkd.Hosting.Clustering;
using Dmkd.Hosting.Security;
using Npgsql;
using Spectre.Console;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd audit</c>: who changed what in a cluster.</summary>
internal sealed class AuditCommand : Command, IWithoutTensors
{
    public AuditCommand()
        : base("audit", "See who changed what in a cluster") => Subcommands.Add(new AuditListCommand());
}

/// <summary>
/// <c>dmkd audit list</c>: the last changing calls of clients, allowed and refused, out of the cluster's database.
/// </summary>
internal sealed class AuditListCommand : Command
{
    private const int MaxEntries = 100_000,
        DefaultEntries = 50;
    private readonly CommonOptions _common = new();
    private readonly Option<int> _last = new Option<int>("--last")
    {
        Description = "How many entries",
        DefaultValueFactory = _ => DefaultEntries,
    }.WithNumbers();

    public AuditListCommand()
        : base("list", "List the last calls that changed something, or were to")
    {
        Options.Add(_last);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        int last = parsed.GetValue(_last);
        if (last is < 1 or > MaxEntries)
            throw new BadInputException($"{_last.Name} must be in [1, {MaxEntries}], not {last}.");
        var cluster = _common.RequireCluster(parsed);
        await ClusterDatabase.PrepareForClientAsync(
            cluster,
            TimeSpan.FromSeconds(10),
            TimeProvider.System,
            cancellationToken
        );
        await using var source = NpgsqlDataSource.Create(cluster.ConnectionString);
        var entries = await ClusterDatabase.AuditOf(source, TimeProvider.System).ListAsync(last, cancellationToken);
        if (_common.Json(parsed))
            JsonOutput.Write(entries);
        else
            Consoles.Create(json: false).Write(Table(entries));
        return ExitCode.Success;
    }

    private static Table Table(IReadOnlyList<AuditEntry> entries)
    {
        var table = new Table().AddColumns("when", "who", "call", "of", "outcome");
        foreach (var entry in entries)
        {
            table.AddRow(
                entry.At.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
                Markup.Escape($"{entry.Role} {entry.Caller}"),
                Markup.Escape($"{Short(entry.Grain, "I", "Grain")}.{Short(entry.Method, "", "Async")}"),
                Markup.Escape(entry.Key),
                entry.IsAllowed ? "allowed" : "refused"
            );
        }

        return table;
    }

    /// <summary>A name without what all names have.</summary>
    private static string Short(string name, string prefix, string suffix) =>
        name.StartsWith(prefix, StringComparison.Ordinal) && name.EndsWith(suffix, StringComparison.Ordinal)
            ? name[prefix.Length..^suffix.Length]
            : name;
}
