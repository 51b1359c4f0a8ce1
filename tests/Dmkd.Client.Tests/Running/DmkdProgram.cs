namespace Dmkd.Client.Tests.Running;

/// <summary>
/// Where the build put the program: beside these tests in the artifacts folder, of the same configuration.
/// </summary>
internal static class DmkdProgram
{
    public static string Path { get; } = Find();

    private static string Find()
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(System.IO.Path.DirectorySeparatorChar));
        string path = System.IO.Path.Combine(own.Parent!.Parent!.FullName, "Dmkd.Client", own.Name, "dmkd.dll");
        return File.Exists(path)
            ? path
            : throw new FileNotFoundException($"The program is not at {path}; build client/Dmkd.Client.csproj.", path);
    }
}
