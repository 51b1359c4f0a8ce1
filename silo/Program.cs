using Dmkd.Grains.Hosting;
using Dmkd.ServiceDefaults;
using Dmkd.Silo;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

const int Failed = 1, BadSettings = 2;
try
{
    var builder = Host.CreateApplicationBuilder(args);
    var settings = SiloSettings.Read(builder.Configuration);
    if (settings.Cluster is { } cluster) await ClusterDatabase.PrepareAsync(cluster, settings.DatabaseWait, TimeProvider.System);
    builder.Services.AddTelemetryDefaults("dmkd-silo");
    builder.Services.AddHostedService<StopLimit>();
    builder.UseOrleans(silo => _ = settings.Cluster is { } storage
        ? silo.UseCluster(storage, settings.Address, settings.SiloPort, settings.GatewayPort).AddDmkd(storage)
        : silo.UseSingleSilo(settings.SiloPort, settings.GatewayPort).AddDmkd(new SiloStorageOptions(settings.Home)));
    await builder.Build().RunAsync();
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
catch (ClusterDatabaseException e)
{
    await Console.Error.WriteLineAsync($"dmkd-silo: {e.Message}");
    return Failed;
}
