using System.Text.Json;

namespace Dmkd.Client.Tests.Running;

/// <summary>A home with one preserved library, which tests read only.</summary>
public sealed class PreservedHome : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    public string Home => _folder["home"];

    /// <summary>The legacy model.</summary>
    public string Checkpoint => _folder["legacy.safetensors"];

    /// <summary>The picture of the partition.</summary>
    public string Plot => _folder["partition.png"];

    /// <summary>What <c>preserve --json</c> printed.</summary>
    public JsonElement Document { get; private set; }

    internal Outcome Outcome { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _folder.Write("legacy.safetensors", SmallNetwork.File());
        Outcome = (
            await DmkdCommand.RunAsync(Home, [.. TinyPreservation.Arguments(Checkpoint, ("--plot", Plot)), "--json"])
        ).IsSuccess();
        Document = Json.Parse(Outcome.Output);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}
