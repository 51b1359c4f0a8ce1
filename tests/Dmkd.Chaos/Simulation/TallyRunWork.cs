using System.Globalization;
using System.Text.Json;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Models;
using Dmkd.Core.Routing;
using Dmkd.Grains.Preservation;
using Dmkd.Grains.Routing;
using Dmkd.Grains.Runs.Rounds;
using Dmkd.Grains.Runs.Stages;

namespace Dmkd.Chaos.Simulation;

/// <summary>
/// A run's own work without tensors: weights are tallies that name what they were made of, and a fitted gate is the
/// evidence itself.
/// </summary>
internal sealed class TallyRunWork(World world) : IRunWork, IModuleSpawner
{
    public int ServingLanes => 2;

    public async Task<TrainedLegacy> TrainLegacyAsync(
        RunSettings settings,
        LegacyImages images,
        Action<double> progress,
        CancellationToken cancellationToken
    )
    {
        await world.Delay(world.Between(1, 8));
        string architecture = RunRules.Networks(settings, images.Training).Legacy(images.Classes).ToString()!;
        return new TrainedLegacy(architecture, new Tally(["legacy"]).ToBytes(), 0.5, TimeSpan.Zero);
    }

    public async Task<TakenApart> TakeApartAsync(
        RunSettings settings,
        LegacyParts parts,
        Action<double> progress,
        CancellationToken cancellationToken
    )
    {
        await world.Delay(world.Between(1, 8));
        var networks = RunRules.Networks(settings, parts.Training);
        string whole = string.Join(' ', Tally.Read(parts.Weights).Updates);
        CutExpert[] experts = [.. parts.Groups.Index().Select(entry => Cut(entry.Index, entry.Item.Length))];
        var features = (networks.Expert(2).ToString()!, new Tally([$"features of {whole}"]).ToBytes());
        return new TakenApart(experts, features, TimeSpan.Zero);

        CutExpert Cut(int cluster, int classes)
        {
            string architecture = networks.Expert(RunRules.ExpertOutputs(settings, classes)).ToString()!;
            return new CutExpert(cluster, architecture, new Tally([$"cut {cluster} of {whole}"]).ToBytes(), 0.5);
        }
    }

    public async Task<GateFit> FitAsync(IGate gate, ExemplarScores exemplars, CancellationToken cancellationToken)
    {
        await world.Delay(world.Between(0, 2));
        return new GateFit(ParametersOf(exemplars), TimeSpan.Zero);
    }

    public async Task<GateFit> FitAsync(
        IGate gate,
        LibraryMoments moments,
        IReadOnlyList<string> experts,
        CancellationToken cancellationToken
    )
    {
        await world.Delay(world.Between(0, 2));
        return new GateFit(ParametersOf(moments.Of(experts)), TimeSpan.Zero) { Moments = moments.Encode() };
    }

    /// <summary>What a gate is fitted to some evidence.</summary>
    public static byte[] ParametersOf(GateEvidence evidence) =>
        JsonSerializer.SerializeToUtf8Bytes(evidence, evidence.GetType());

    public Task<byte[]> RandomAsync(NetworkArchitecture architecture, ulong seed) =>
        Task.FromResult(new Tally([string.Create(CultureInfo.InvariantCulture, $"drawn {seed}")]).ToBytes());

    public Task<byte[]> FromParentAsync(NetworkArchitecture architecture, byte[] parent, ulong seed)
    {
        uint mark = TallyMeasuring.Mix(string.Join(' ', Tally.Read(parent).Updates), (int)(seed % 1000), uint.MaxValue);
        return Task.FromResult(new Tally([$"from {mark}"]).ToBytes());
    }
}
