using System.Text.Json;

namespace Dmkd.Client.Tests.Running;

/// <summary>One finished run that all tests share.</summary>
public sealed class FinishedRun : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>Its folder; tests read it only.</summary>
    public string Home => _folder["home"];

    /// <summary>What <c>run --json</c> printed.</summary>
    public JsonElement Document { get; private set; }

    internal Outcome Outcome { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Outcome = (await DmkdCommand.RunAsync(Home, TinyRun.Arguments("--json"))).IsSuccess();
        Document = Json.Parse(Outcome.Output);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}
