using Dmkd.Core.Models;
using Dmkd.Core.Routing;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Serving.Tests;

/// <summary>
/// A library of networks with random weights, in memory: two experts of two classes each, a gate network, and an affine
/// fit.
/// </summary>
internal sealed class SmallLibrary : ILibrarySource
{
    private readonly Dictionary<string, byte[]> _blobs = [];

    public SmallLibrary()
    {
        LibraryMember[] members =
        [
            Member("expert-1", 1, [0, 1], ["ball", "box"], MemberRole.Expert),
            Member("expert-2", 2, [2, 3], ["cup", "flag | pole"], MemberRole.Expert),
            Member("gate", 3, [0, 1, 2, 3], ["ball", "box", "cup", "flag | pole"], MemberRole.Gate),
        ];
        var parameters = new GateParameters("affine")
        {
            ["scale"] = GateArray.Vector([1.5, 0.5]),
            ["shift"] = GateArray.Vector([0, 1.0 / 3]),
        };
        string digest = Keep(parameters.Encode());
        var plan = new RoutingPlan { Calibration = "affine", TopExperts = 2 };
        Manifest = new LibraryManifest(
            "small",
            members,
            new FittedRouting(1, plan, ["expert-1", "expert-2"], digest, _blobs[digest].Length, 20)
        );
    }

    public LibraryManifest Manifest { get; }

    public static InputTensor Inputs { get; } =
        new("pixels", "uint8", [5, 3, 8, 8], [.. Enumerable.Range(0, 5 * 3 * 8 * 8).Select(i => (byte)(i * 31 % 251))]);

    public Task<MemberWeights> ReadAsync(
        LibraryMember member,
        bool acceptsEarlier,
        CancellationToken cancellationToken
    ) => Task.FromResult(new MemberWeights(member.Version, _blobs[member.Digest]));

    public Task<GateParameters> ReadGateAsync(FittedRouting fitted, CancellationToken cancellationToken) =>
        Task.FromResult(GateParameters.Decode(_blobs[fitted.Digest]));

    private LibraryMember Member(string name, int seed, int[] classes, string[] names, MemberRole role)
    {
        string architecture = $"convnet(3x8x8;4-8;{classes.Length})";
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)seed, CPU);
        using var network = ArchitectureCatalog.Parse(architecture).Build(generator);
        using var weights = WeightSet.CopyOf(network);
        string digest = Keep(WeightCodec.Encode(weights));
        return new LibraryMember
        {
            Library = "small",
            Name = name,
            Role = role,
            Architecture = architecture,
            Classes = classes,
            ClassNames = names,
            Normalisation = "imagenet",
            Version = seed,
            Digest = digest,
            Bytes = _blobs[digest].Length,
            Entropy = new MemberEntropy(seed, 0.1 * seed, 3),
            Lineage = new Dictionary<string, string> { ["origin"] = "random", ["run"] = "small" },
        };
    }

    private string Keep(byte[] content)
    {
        string digest = WeightDigest.Of(content);
        _blobs[digest] = content;
        return digest;
    }
}
