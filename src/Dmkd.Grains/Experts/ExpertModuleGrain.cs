using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Libraries;
using Dmkd.Hosting.Storage;
using Dmkd.Hosting.Telemetry;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Experts;

/// <summary>An <see cref="ExpertModule"/> as a grain.</summary>
internal sealed partial class ExpertModuleGrain : Grain, IExpertModuleGrain
{
    private readonly ExpertModule _module;
    private readonly ILogger _logger;
    private readonly DmkdInstruments _instruments;

    public ExpertModuleGrain(
        [PersistentState(StorageNames.ExpertModule, StorageNames.Provider)] IPersistentState<ExpertModuleState> storage,
        ILogger<ExpertModuleGrain> logger,
        DmkdInstruments instruments
    )
    {
        _module = new ExpertModule(
            this.GetPrimaryKeyString(),
            new PersistentSlot<ExpertModuleState>(storage),
            DeactivateOnIdle
        );
        _logger = logger;
        _instruments = instruments;
    }

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _module.Start();
        return Task.CompletedTask;
    }

    public async Task CreateAsync(
        ModuleDescriptor descriptor,
        ModuleVersion first,
        CancellationToken cancellationToken = default
    )
    {
        if (await _module.CreateAsync(descriptor, first))
            LogCreated(_logger, descriptor.Key, first.Digest);

        // Also on a repeat: a crash between the write above and this call must not leave the module out of its catalog.
        await GrainFactory
            .GetGrain<IModuleCatalogGrain>(descriptor.Library)
            .RegisterAsync(descriptor.Name, cancellationToken);
    }

    public async Task PublishAsync(ModuleVersion version, CancellationToken cancellationToken = default)
    {
        using var activity = DmkdTelemetry.StartPublish(this.GetPrimaryKeyString(), version.Number);
        if (await _module.PublishAsync(version))
            LogPublished(
                _logger,
                this.GetPrimaryKeyString(),
                version.Number,
                version.Digest,
                version.Contributions.Length
            );
    }

    public Task RecordSpecializationAsync(
        ModuleSpecialization specialization,
        CancellationToken cancellationToken = default
    )
    {
        _instruments.Specialized(this.GetPrimaryKeyString(), specialization.MeanEntropy);
        return _module.RecordAsync(specialization);
    }

    public Task<ModuleSnapshot?> GetSnapshotAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult(_module.Snapshot);

    public Task<IReadOnlyList<ModuleVersion>> GetHistoryUpToAsync(
        int number,
        CancellationToken cancellationToken = default
    ) => Task.FromResult(_module.HistoryUpTo(number));

    public Task<IReadOnlyList<ModuleVersion>> GetHistoryAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult(_module.History);

    [LoggerMessage(Level = LogLevel.Information, Message = "Module {ModuleId}: created from {Digest}")]
    private static partial void LogCreated(ILogger logger, string moduleId, string digest);

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Module {ModuleId}: published version {Version} ({Digest}) of {Contributors} contributors"
    )]
    private static partial void LogPublished(
        ILogger logger,
        string moduleId,
        int version,
        string digest,
        int contributors
    );
}
