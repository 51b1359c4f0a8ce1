using System.CommandLine;
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
