using System.Text.Json;

namespace Dmkd.Client.Tests.Running;

/// <summary>One finished experiment that all its tests share; they copy it before they change it.</summary>
[CollectionDefinition(Name)]
public sealed class FinishedExperiment : IAsyncLifetime, ICollectionFixture<FinishedExperiment>
{
    public const string Name = "finished experiment";
    private readonly TemporaryFolder _folder = new();

    /// <summary>The experiment file.</summary>
    public string File { get; private set; } = "";

    /// <summary>The folder of results.</summary>
    public string Results => _folder["results"];

    /// <summary>What <c>experiment run --json</c> printed.</summary>
    public JsonElement Document { get; private set; }

    internal Outcome Outcome { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        File = TinyExperiment.Write(_folder);
        Outcome = (
            await DmkdCommand.RunAsync(_folder["home"], "experiment", "run", File, "--output", Results, "--json")
        ).IsSuccess();
        Document = Json.Parse(Outcome.Output);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}
