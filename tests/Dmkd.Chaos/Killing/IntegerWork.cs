using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Nodes;
using Dmkd.Core.Models;
using Dmkd.Core.Preservation;
using Dmkd.Core.Tensors;
using Dmkd.Data.Seeds;
using Dmkd.Grains.Nodes;
using Dmkd.Grains.Runs.Stages;
using Dmkd.Hosting.Storage;
using static TorchSharp.torch;

namespace Dmkd.Chaos.Killing;

/// <summary>
/// Updates that can be added up by hand: in the tensor <see cref="Counter"/>, node n adds <see cref="Unit"/> at place n
/// and the number of the round at the last place, and nothing elsewhere. The unit can be divided by every possible
/// number of contributors, so means stay integers. All other weights stay as they were drawn.
/// </summary>
internal sealed class IntegerWork(IWeightStore weights) : INodeWork, IModuleSpawner
{
    /// <summary>The tensor that counts.</summary>
    public const string Counter = "head.bias";

    /// <summary>What a node adds: divisible by 1 to 4.</summary>
    public const int Unit = 12;

    /// <summary>How long a "training" takes, in milliseconds: from and to.</summary>
    private const int Shortest = 200,
        Longest = 900;

    public async Task<TrainedUpdate> TrainAsync(
        LocalUpdateRequest request,
        HeldModule? held,
        string startingDigest,
        string? residual,
        Action<double> progress,
        CancellationToken cancellationToken
    )
    {
        var random = new Random(SeedSequence.Derive(request.Settings.Seed, request.Round, request.NodeIndex));
        await Task.Delay(random.Next(Shortest, Longest), cancellationToken);
        byte[] start = await weights.GetAsync(request.Base.Digest, cancellationToken);
        return new TrainedUpdate(10, 0, TimeSpan.FromMilliseconds(1), 0, null, Update(start, request));
    }

    public Task<byte[]> ProposeAsync(LocalUpdateRequest request, byte[] update, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<PackedUpdate> PackAsync(
        LocalUpdateRequest request,
        byte[] update,
        StoredBlob? basis,
        CancellationToken cancellationToken
    ) => Task.FromResult(new PackedUpdate(update, null, TimeSpan.Zero));

    public Task<byte[]> RandomAsync(NetworkArchitecture architecture, ulong seed)
    {
        using var random = WeightTransfer.RandomWeights(architecture, seed);
        using var weights = random.Map((name, tensor) => name == Counter ? zeros_like(tensor) : tensor.clone());
        return Task.FromResult(WeightCodec.Encode(weights));
    }

    public Task<byte[]> FromParentAsync(NetworkArchitecture architecture, byte[] parent, ulong seed) =>
        RandomAsync(architecture, seed);

    private static byte[] Update(byte[] start, LocalUpdateRequest request)
    {
        using var weights = WeightCodec.Decode(start);
        using var update = weights.Map(
            (name, tensor) =>
            {
                var added = zeros_like(tensor);
                if (name != Counter)
                    return added;
                added[request.NodeIndex] = Unit;
                added[^1] = Unit * (request.Round + 1); // no two rounds' updates are the same
                return added;
            }
        );
        return WeightCodec.Encode(update);
    }
}
