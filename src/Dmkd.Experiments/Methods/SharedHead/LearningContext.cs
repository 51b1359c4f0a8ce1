using Dmkd.Core.Devices;
using Dmkd.Core.Modules;
using Dmkd.Data;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Methods.SharedHead;

/// <summary>What a rule works with.</summary>
/// <param name="Network">The shared network. Borrowed.</param>
/// <param name="Problem">Data, order and budget.</param>
/// <param name="Job">The lane.</param>
internal sealed record LearningContext(Network Network, ContinualProblem Problem, DeviceJob Job)
{
    /// <summary>A generator for one purpose, owned by the caller.</summary>
    public Generator GeneratorFor(params ReadOnlySpan<long> path) => new((ulong)SeedSequence.Derive(Problem.Settings.Seed, path), CPU);

    /// <summary>A source of random numbers for one purpose.</summary>
    public Random RandomFor(params ReadOnlySpan<long> path) => new(SeedSequence.Derive(Problem.Settings.Seed, path));
}
