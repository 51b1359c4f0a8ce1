using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Preservation;
using Dmkd.Grains.Experts;
using Dmkd.Grains.Preservation;
using Dmkd.Hosting.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Dmkd.Grains.Tests.Cluster;

/// <summary>
/// A library that was preserved without interruption, its silo, and a copy of its folder from every crash point.
/// </summary>
public sealed class PreservedLibrary : IAsyncLifetime
{
    /// <summary>The library's name.</summary>
    public const string Name = "library";

    /// <summary>The crash point at which a test loses the legacy model on top.</summary>
    public const string ForALoss = "first module distilled, to lose the legacy model";

    private readonly TemporaryFolder _folder = new();
    private readonly CrashCopies _copies;

    public PreservedLibrary() => _copies = new CrashCopies(_folder.Path, CrashPoints);

    /// <summary>Moments at which the machine goes down, each just before a state would have been stored.</summary>
    internal static IReadOnlyDictionary<string, Func<object, bool>> CrashPoints { get; } =
        new Dictionary<string, Func<object, bool>>
        {
            ["legacy model cut"] = state => Distilled(state) == 0,
            ["first module distilled"] = state => Distilled(state) == 1,
            ["second module distilled"] = state => Distilled(state) == 2,
            ["last module distilled"] = state => Distilled(state) == 3,
            ["distilling ends"] = state => state is PreservationState { Stage: PreservationStage.Publish },
            ["gate distilled, being published"] = state =>
                state
                    is ExpertModuleState { Descriptor.Role: ModuleRole.Gate, Versions.Count: 2, Specialization: null },
            ["evaluated"] = state => state is PreservationState { Stage: PreservationStage.Completed },
            [ForALoss] = state => Distilled(state) == 1,
        };

    public PreservationReport Report { get; private set; } = null!;

    /// <summary>What the preservation decided.</summary>
    public string Outcome { get; private set; } = "";

    internal DmkdCluster Cluster { get; private set; } = null!;

    internal IWeightStore Store => Cluster.Services.GetRequiredService<IWeightStore>();

    /// <summary>A folder as it was at a crash point.</summary>
    public string FolderAt(string crashPoint) => _copies.FolderAt(crashPoint);

    public async ValueTask InitializeAsync()
    {
        Cluster = await DmkdCluster.StartAsync(
            _copies.Original,
            configure: new StorageProbe { BeforeWrite = _copies.TakeAsync }.Attach
        );
        Report = await Cluster.PreserveAsync(Name);
        Outcome = await Cluster.OutcomeAsync(Report);
    }

    public async ValueTask DisposeAsync()
    {
        await Cluster.DisposeAsync();
        _folder.Dispose();
    }

    internal async Task<IReadOnlyList<ModuleSnapshot>> ModulesAsync() =>
        await Cluster.Grains.GetGrain<IModuleCatalogGrain>(Name).ListAsync(TestContext.Current.CancellationToken);

    /// <summary>Modules distilled so far, in a state of that stage.</summary>
    private static int? Distilled(object state) =>
        state is PreservationState { Stage: PreservationStage.Distil } preservation
            ? preservation.Modules.Count(module => module.Digest is not null)
            : null;
}
