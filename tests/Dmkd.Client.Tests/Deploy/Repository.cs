namespace Dmkd.Client.Tests.Deploy;

/// <summary>Where the files of the repository are: the build's outputs lie in it.</summary>
internal static class Repository
{
    public static string Root { get; } =
        Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "..", ".."));

    public static string File(params string[] path) => Path.Combine([Root, .. path]);
}
