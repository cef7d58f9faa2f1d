enum WorkspaceTestsStub {}
