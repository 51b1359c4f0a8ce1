using System.Reflection;
using System.Runtime.CompilerServices;

namespace Dmkd.Architecture.Tests;

/// <summary>Conventions of the mathematics.</summary>
public sealed class CoreTests
{
    [Fact]
    public void AsyncMethods_OutsideDevices_DoNotExist() =>
        Assert.Empty(
            from type in Product.Core.GetTypes()
            where type.Namespace != "Dmkd.Core.Devices"
            from method in type.GetMethods(
                BindingFlags.Instance
                    | BindingFlags.Static
                    | BindingFlags.Public
                    | BindingFlags.NonPublic
                    | BindingFlags.DeclaredOnly
            )
            where method.IsDefined(typeof(AsyncStateMachineAttribute)) || method.ReturnType.IsAssignableTo(typeof(Task))
            select $"{type}.{method.Name}"
        ); // scopes and gradient mode belong to a thread, and an await changes threads

    [Fact]
    public void Namespaces_OfPublicTypes_AreFoldersOfTheProject() =>
        Assert.All(
            Product.Core.GetExportedTypes(),
            type => Assert.Matches(@"^Dmkd\.Core(\.[A-Z][a-z]+){0,2}$", type.Namespace!)
        );
}
