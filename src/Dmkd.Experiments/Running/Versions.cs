using System.Reflection;
using TorchSharp;

namespace Dmkd.Experiments.Running;

/// <summary>What computed: the program, its commit, and what it stands on.</summary>
/// <param name="Program">The program's version.</param>
/// <param name="Commit">The commit it was built from; "unknown" when the build saw no repository.</param>
/// <param name="DotNet">The runtime.</param>
/// <param name="TorchSharp">The binding of libtorch.</param>
/// <param name="Orleans">The cluster's runtime.</param>
public sealed record Versions(string Program, string Commit, string DotNet, string TorchSharp, string Orleans)
{
    /// <summary>When the build saw no repository.</summary>
    public const string UnknownCommit = "unknown";

    /// <summary>Those of this process.</summary>
    public static Versions Current { get; } = Of(InformationalVersion(typeof(Versions)));

    /// <summary>Takes a version apart that the build wrote as "0.1.0+commit".</summary>
    internal static Versions Of(string informational)
    {
        string[] parts = informational.Split('+', 2);
        return new Versions(
            parts[0], parts.Length == 2 ? parts[1] : UnknownCommit, Environment.Version.ToString(), Number(typeof(torch)), Number(typeof(IGrainFactory)));
    }

    /// <summary>The number that such a text begins with: some write more behind it.</summary>
    private static string Number(Type type) => InformationalVersion(type).Split(' ', '+')[0].TrimEnd('.');

    private static string InformationalVersion(Type type) =>
        type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? type.Assembly.GetName().Version?.ToString() ?? "unknown";
}
