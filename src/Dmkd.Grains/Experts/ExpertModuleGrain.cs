using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Libraries;
using Dmkd.Hosting.Lifecycle;
using Dmkd.Hosting.Storage;
using Dmkd.Hosting.Telemetry;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Experts;

/// <summary>An <see cref="ExpertModule"/> as a grain.</summary>
internal sealed partial class ExpertModuleGrain : Grain, IExpertModuleGrain
{
    private readonly ExpertModule _module;
    private readonly IPersistentState<ExpertModuleState> _storage;
    private readonly ILogger _logger;
    private readonly DmkdInstruments _instruments;

    public ExpertModuleGrain(
        [PersistentState(StorageNames.ExpertModule, StorageNames.Provider)] IPersistentState<ExpertModuleState> storage,
        ILogger<ExpertModuleGrain> logger,
        DmkdInstruments instruments
    )
    {
        _storage = storage;
        _module = new ExpertModule(
            this.GetPrimaryKeyString(),
            new PersistentSlot<ExpertModuleState>(storage),
            GrainFactory,
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

    public async Task<int> RemoveAsync(CancellationToken cancellationToken = default)
    {
        int versions = _module.History.Count;
        if (_storage.RecordExists)
            await _storage.ClearStateAsync(CancellationToken.None);
        _module.Start();
        DeactivateOnIdle();
        return versions;
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

/// <summary>
/// An expert module's chain of versions. Tells only what is stored. Knows of Orleans only what contracts are, so that
/// tests/Dmkd.Chaos can run it under simulated faults.
/// </summary>
internal sealed class ExpertModule
{
    private readonly string _key;
    private readonly StateWriter<ExpertModuleState> _writer;
    private readonly IGrainFactory? _grains; // null for who only reads
    private readonly Action _onBroken;

    public ExpertModule(string key, IStateSlot<ExpertModuleState> slot, IGrainFactory? grains, Action onBroken)
    {
        _key = key;
        _grains = grains;
        _onBroken = onBroken;
        _writer = new StateWriter<ExpertModuleState>(slot, onBroken);
    }

    /// <summary>The module as others see it, or null before it exists.</summary>
    public ModuleSnapshot? Snapshot { get; private set; }

    /// <summary>All versions, oldest first.</summary>
    public IReadOnlyList<ModuleVersion> History { get; private set; } = [];

    private ExpertModuleState State => _writer.State;

    /// <summary>
    /// All versions, at least up to one that exists. Whoever does not know it was left behind, and ends, so that the
    /// next activation reads the truth.
    /// </summary>
    /// <exception cref="StateLostException">The version is not known here.</exception>
    public IReadOnlyList<ModuleVersion> HistoryUpTo(int number)
    {
        if (History.Count > 0 && History[^1].Number >= number)
            return History;
        _onBroken();
        throw new StateLostException();
    }

    /// <summary>Takes in what is stored; call once, after the state was read.</summary>
    public void Start()
    {
        State.Descriptor = State.Descriptor?.Migrated(); // stored with the next version
        (Snapshot, History) = (ExpertModuleRules.Snapshot(State), [.. State.Versions]);
    }

    /// <summary>Creates the module, and has it in its library's catalog; false for a repeat.</summary>
    public async Task<bool> CreateAsync(ModuleDescriptor descriptor, ModuleVersion first)
    {
        bool isNew = ExpertModuleRules.Creates(State, descriptor, first);
        if (isNew)
        {
            State.Descriptor = descriptor;
            State.Versions = [first];
            await StoreAsync();
        }

        // Also on a repeat: a crash between the write above and this call must not leave the module out of its catalog.
        await _grains!.GetGrain<IModuleCatalogGrain>(descriptor.Library).RegisterAsync(descriptor.Name);
        return isNew;
    }

    /// <summary>Appends a version; false for a repeat.</summary>
    public async Task<bool> PublishAsync(ModuleVersion version)
    {
        if (!ExpertModuleRules.Extends(State, _key, version))
            return false;
        State.Versions.Add(version);
        await StoreAsync();
        return true;
    }

    /// <summary>Replaces the entropy statistics; those of an older version are ignored.</summary>
    public Task RecordAsync(ModuleSpecialization specialization)
    {
        if (State.Specialization is { } known && known.VersionNumber > specialization.VersionNumber)
            return Task.CompletedTask;
        State.Specialization = specialization;
        return StoreAsync();
    }

    private async Task StoreAsync()
    {
        await _writer.WriteAsync();
        Start();
    }
}

/// <summary>What an expert module persists: names and numbers; the weights lie in the weight store.</summary>
internal sealed class ExpertModuleState
{
    public ModuleDescriptor? Descriptor { get; set; }

    /// <summary>The version chain, oldest first.</summary>
    public List<ModuleVersion> Versions { get; set; } = [];

    public ModuleSpecialization? Specialization { get; set; }
}
