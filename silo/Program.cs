using Dmkd.Core.Models;
using Dmkd.Grains;
using Dmkd.Grains.Nodes;
using Dmkd.Grains.Runs.Engine;
using Dmkd.Hosting.Clustering;
using Dmkd.Hosting.Security;
using Dmkd.Hosting.Telemetry;
using Dmkd.Silo;
using Dmkd.Silo.Api;
using Dmkd.Silo.Health;
using Dmkd.Silo.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

const int Failed = 1,
    BadSettings = 2;
try
{
    if (SiloArguments.TextFor(args) is { } text)
    {
        Console.WriteLine(text);
        return 0;
    }

    SiloArguments.Require(args);
    var builder = WebApplication.CreateSlimBuilder(args);
    var settings = SiloSettings.Read(builder.Configuration);
    var options = settings.Options;
    Ports.RequireFree(settings);
    using var home = settings.Cluster is null ? HomeLock.Take(options.Home, "dmkd-silo", options.GatewayPort) : null;
    Convolution.Require(); // a silo that computes wrong numbers would spoil those of others
    var databaseWait = TimeSpan.FromSeconds(options.DatabaseWaitSeconds);
    if (settings.Cluster is { } cluster)
        await ClusterDatabase.PrepareAsync(cluster, databaseWait, TimeProvider.System);
    builder.Logging.AddPlainConsole();
    builder.Services.AddTelemetryDefaults("dmkd-silo", $"{settings.Address}:{options.SiloPort}");
    builder.Services.AddHostedService<StopLimit>();
    builder.Services.AddHostedService<DatabaseWatch>();
    builder.Services.AddSingleton(new EventLimits(options.MaxEvents));
    builder.UseOrleans(silo =>
    {
        silo.OfferNodes(settings.Nodes);
        if (settings.Cluster is { } storage)
            silo.UseCluster(storage, settings.Address, options.SiloPort, options.GatewayPort)
                .AddDmkd(storage)
                .KeepAudit(TimeSpan.FromDays(options.AuditDays));
        else
            silo.UseSingleSilo(options.SiloPort, options.GatewayPort)
                .AddDmkd(new SiloStorageOptions(options.Home))
                .ResumeInterrupted();
        if (settings.Certificates is { } certificates)
            silo.UseCertificates(certificates, options.CallsPerSecond);
    });
    builder.AddHttp(settings);
    await using var app = builder.Build();
    app.MapHttp(settings);
    await app.RunAsync();
    return 0;
}
catch (OperationCanceledException)
{
    await Console.Error.WriteLineAsync("dmkd-silo: asked to end, some parts did not in time; what is stored counts.");
    return 0;
}
catch (SiloSettingsException e)
{
    await Console.Error.WriteLineAsync($"dmkd-silo: {e.Message}");
    return BadSettings;
}
catch (NodeOfferException e)
{
    await Console.Error.WriteLineAsync($"dmkd-silo: {e.Message}");
    return BadSettings;
}
catch (HomeFolderException e)
{
    await Console.Error.WriteLineAsync($"dmkd-silo: {e.WithAdvice("--Dmkd:Home")}");
    return BadSettings;
}
catch (ClusterDatabaseException e)
{
    await Console.Error.WriteLineAsync($"dmkd-silo: {e.Message}");
    return Failed;
}
catch (ConvolutionException e)
{
    await Console.Error.WriteLineAsync($"dmkd-silo: {e.Message}");
    return Failed;
}
catch (PortInUseException e)
{
    await Console.Error.WriteLineAsync($"dmkd-silo: {e.Message}");
    return Failed;
}
