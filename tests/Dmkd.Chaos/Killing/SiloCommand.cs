using System.CommandLine;
using System.Text;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Settings;
using Dmkd.Grains;
using Dmkd.Grains.Nodes;
using Dmkd.Grains.Runs.Stages;
using Dmkd.Hosting.Clustering;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dmkd.Chaos.Killing;

/// <summary>
/// <c>silo</c>: one of the processes that <c>kill</c> starts. The product's silo, except that nodes count instead of
/// training.
/// </summary>
internal static class SiloCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var home = new Option<string>("--home") { Description = "Folder that the silos share", Required = true };
        var siloPort = new Option<int>("--silo-port") { Description = "Port that silos use", Required = true };
        var gatewayPort = new Option<int>("--gateway-port") { Description = "Port that clients use", Required = true };
        var command = new Command("silo", "One silo of the cluster that kill starts") { home, siloPort, gatewayPort };
        command.Hidden = true;
        command.SetAction(
            async (parsed, cancellation) =>
            {
                var storage = new SiloStorageOptions(parsed.GetValue(home)!);
                int port = parsed.GetValue(siloPort);
                var builder = Host.CreateApplicationBuilder();
                builder.Logging.ClearProviders();
                builder.Logging.AddSimpleConsole(options =>
                    (options.SingleLine, options.TimestampFormat) = (true, "HH:mm:ss.fff ")
                );
                builder.Logging.SetMinimumLevel(LogLevel.Warning);
                builder.Services.AddSingleton<IntegerWork>();
                builder.Services.AddSingleton<INodeWork>(services => services.GetRequiredService<IntegerWork>());
                builder.Services.AddSingleton<INodeDataSource, SlowNodes>();
                builder.Services.AddSingleton<IModuleSpawner>(services => services.GetRequiredService<IntegerWork>());
                builder.UseOrleans(silo =>
                    silo.UseSharedFolder(storage, port, parsed.GetValue(gatewayPort))
                        .AddDmkd(storage)
                        .AddIncomingGrainCallFilter(
                            new AcceptanceLog(Path.Combine(storage.Home, $"accepted-{port}.log"))
                        )
                );
                await builder.Build().RunAsync(cancellation);
                return 0;
            }
        );
        return command;
    }
}

/// <summary>Writes down every update that was accepted before its node is told so: what must never be lost.</summary>
internal sealed class AcceptanceLog(string path) : IIncomingGrainCallFilter
{
    private readonly Lock _gate = new();

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        await context.Invoke();
        if (
            context.Result is not SubmissionReceipt { Outcome: SubmissionOutcome.Accepted }
            || context.Request.GetArgument(0) is not DeltaSubmission submission
        )
            return;
        Write($"{context.TargetId.Key} {submission.NodeId} {submission.Round}\n");
    }

    private void Write(string line)
    {
        lock (_gate)
        {
            using var file = new FileStream(path, FileMode.Append, FileAccess.Write);
            file.Write(Encoding.UTF8.GetBytes(line));
            file.Flush(flushToDisk: true);
        }
    }
}

/// <summary>Nodes that take a while to measure anything, so that a silo can be killed meanwhile.</summary>
internal sealed class SlowNodes(DatasetCache datasets) : INodeDataSource
{
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(700);

    private readonly SimulatedNodes _nodes = new(datasets);

    public async Task<INodeData> OpenAsync(RunSettings settings, int node)
    {
        await Task.Delay(Delay);
        return await _nodes.OpenAsync(settings, node);
    }
}
