using System.Diagnostics.CodeAnalysis;
using Dmkd.Core.Modalities;
using Dmkd.Core.Models;
using Dmkd.Core.Routing;

namespace Dmkd.Serving;

/// <summary>What a library holds: enough to load its networks and to route to them.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Members">Its modules, in the order they came.</param>
/// <param name="Fitted">What its routing was fitted to; null when it was not.</param>
public sealed record LibraryManifest(string Name, IReadOnlyList<LibraryMember> Members, FittedRouting? Fitted = null)
{
    /// <summary>The members that answer for classes.</summary>
    public IEnumerable<LibraryMember> Experts => Members.Where(member => member.Role is MemberRole.Expert);

    /// <summary>The gate network; the newest, should there be several, and null when there is none.</summary>
    public LibraryMember? GateNetwork => Members.LastOrDefault(member => member.Role is MemberRole.Gate);

    /// <summary>What all experts take.</summary>
    /// <exception cref="ArgumentException">There is no expert, or they take different inputs; the message names
    /// two.</exception>
    public TensorSignature Input
    {
        get
        {
            var first = Experts.FirstOrDefault() ?? throw new ArgumentException($"Library '{Name}' has no expert.");
            foreach (var other in Experts)
            {
                if (!other.Input.Equals(first.Input))
                    throw new ArgumentException(
                        $"The experts of library '{Name}' take different inputs: {first.Name} {first.Input}, "
                            + $"{other.Name} {other.Input}."
                    );
            }

            return first.Input;
        }
    }

    /// <summary>The classes of all experts, in the order of the experts.</summary>
    public int[] Classes => [.. Experts.SelectMany(expert => expert.Classes)];

    /// <summary>
    /// Whether the fit knows every expert: a run that was stopped within a task has one that its last fit does not
    /// know.
    /// </summary>
    public bool IsFittedForAll => Fitted is { } fitted && Experts.All(expert => fitted.Modules.Contains(expert.Name));
}

/// <summary>What a member is for.</summary>
public enum MemberRole
{
    /// <summary>Answers for its classes.</summary>
    Expert,

    /// <summary>Says which expert to ask: a small network over all classes, run before the experts.</summary>
    Gate,
}

/// <summary>A module at the version that serves.</summary>
public sealed record LibraryMember
{
    /// <summary>Its library.</summary>
    public required string Library { get; init; }

    /// <summary>Name within the library.</summary>
    public required string Name { get; init; }

    /// <summary>What it is for.</summary>
    public MemberRole Role { get; init; }

    /// <summary>Text form of its architecture.</summary>
    public required string Architecture { get; init; }

    /// <summary>Class indices that it answers for, in the order of its outputs.</summary>
    public required int[] Classes { get; init; }

    /// <summary>Names of <see cref="Classes"/>.</summary>
    public required string[] ClassNames { get; init; }

    /// <summary>Normalisation of its inputs, by name.</summary>
    public string Normalisation { get; init; } = "standard";

    /// <summary>Number of the version.</summary>
    public int Version { get; init; } = 1;

    /// <summary>Digest of its weights.</summary>
    public required string Digest { get; init; }

    /// <summary>Size of its weights.</summary>
    public required long Bytes { get; init; }

    /// <summary>Its entropy statistics; null when they were never measured.</summary>
    public MemberEntropy? Entropy { get; init; }

    /// <summary>Where its first weights came from, as texts by name.</summary>
    public IReadOnlyDictionary<string, string> Lineage { get; init; } = new Dictionary<string, string>();

    /// <summary>The proposal's H_k; 0 before it is measured.</summary>
    public double MeanEntropy => Entropy is { Count: > 0 } known ? known.Sum / known.Count : 0;

    /// <summary>Name among all libraries.</summary>
    public string Key => $"{Library}/{Name}";

    /// <summary>
    /// What it takes, and what its outputs mean. Default: what its architecture takes, and one output a class.
    /// </summary>
    [AllowNull]
    public ModuleSignature Signature
    {
        get => field ?? ModalityCatalog.SignatureOf(Architecture, ModuleSignature.PlainLabels);
        init;
    }

    /// <summary>The input that it takes.</summary>
    public TensorSignature Input => Signature.Input;

    /// <summary>Prepares its inputs.</summary>
    internal IModality Modality => ModalityCatalog.Of(Signature);
}

/// <summary>Entropy of a member's predictions on its nodes' calibration sets (proposal 3.3).</summary>
/// <param name="Version">Version it was measured on.</param>
/// <param name="Sum">Sum over inputs, in nats.</param>
/// <param name="Count">Number of inputs.</param>
public sealed record MemberEntropy(int Version, double Sum, long Count);

/// <summary>What a library's routing was fitted to.</summary>
/// <param name="Version">Number of the fit, from 1.</param>
/// <param name="Plan">How the library routes by it.</param>
/// <param name="Modules">Names of the experts it was fitted for, in the order of the fit; one that was removed since
/// keeps its place.</param>
/// <param name="Digest">Digest of its parameters.</param>
/// <param name="Bytes">Size of its parameters.</param>
/// <param name="Exemplars">Exemplars it was fitted to; none of discriminants.</param>
public sealed record FittedRouting(
    int Version,
    RoutingPlan Plan,
    IReadOnlyList<string> Modules,
    string Digest,
    long Bytes,
    int Exemplars
);

/// <summary>Where a library lies.</summary>
public interface ILibrarySource
{
    /// <summary>What it holds.</summary>
    LibraryManifest Manifest { get; }

    /// <summary>Reads a member's weights, verified.</summary>
    /// <param name="member">The member.</param>
    /// <param name="acceptsEarlier">Whether an earlier version may serve where the current one cannot be read.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    Task<MemberWeights> ReadAsync(LibraryMember member, bool acceptsEarlier, CancellationToken cancellationToken);

    /// <summary>Reads the fitted parameters, verified.</summary>
    /// <param name="fitted">The manifest's.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    Task<GateParameters> ReadGateAsync(FittedRouting fitted, CancellationToken cancellationToken);
}

/// <summary>Weights of a member as safetensors, and the number of their version.</summary>
public sealed record MemberWeights(int Version, byte[] Content);
